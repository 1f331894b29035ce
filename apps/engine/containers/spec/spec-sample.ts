import type { ContainerSpec } from '../model.ts';
import { parseCreate } from '../parse/parse-create.ts';
import { type BuiltSpec, buildSpec, type StartFacts } from './build.ts';

/** For tests: a container as `create` checks it, with these parts of the request. */
export function sampleSpec(hostConfig: object = {}, config: object = {}): ContainerSpec {
  const body = { Image: 'sample', Cmd: ['true'], ...config, HostConfig: hostConfig };
  return parseCreate(body, undefined, {
    id: 'a'.repeat(64),
    cgroupV2: false,
    apparmor: false,
    pathExists: () => true,
    cpus: 4,
  }).spec;
}

/** For tests: its runtime configuration. */
export function sampleBuild(hostConfig: object = {}, config: object = {}, facts: Partial<StartFacts> = {}): BuiltSpec {
  const spec = sampleSpec(hostConfig, config);
  const paths = {
    home: '/d',
    upper: '/d/u',
    work: '/d/w',
    logFile: '/d/log',
    hosts: '/d/hosts',
    hostname: '/d/hostname',
  };
  return buildSpec(spec.config, spec.hostConfig, {
    paths: { ...paths, resolvConf: '/d/resolv.conf', bundle: '/e', rootfs: '/e/rootfs' },
    mountPoints: spec.mounts,
    sources: new Map(),
    sharedShm: undefined,
    init: undefined,
    user: { uid: 0, gid: 0, additionalGids: [], home: '/root' },
    networkPath: '/ns',
    joined: { ipc: undefined, pid: undefined },
    cgroupPath: '/berth/a',
    cgroupNamespace: 'host',
    ...facts,
  });
}
