import type { Sandbox } from '../../networks/model.ts';
import type { ContainerRecord, ContainerState } from '../model.ts';
import { parseCreate } from '../parse/parse-create.ts';
import type { CreateBody } from '../service.ts';
import type { VolumeNames } from './summary-mounts.ts';

/** A container for tests of what is shown: made as a request makes one, without anything behind it. */
export function sampleRecord(
  number: number,
  options: { body?: CreateBody; state?: ContainerState; sandbox?: Sandbox; name?: string } = {},
): ContainerRecord {
  const id = number.toString(16).padStart(4, '0').repeat(16);
  const { spec } = parseCreate({ Image: 'busybox', Cmd: ['sh', '-c', 'a b'], ...options.body }, undefined, {
    id,
    cgroupV2: false,
    apparmor: false,
  });
  return {
    id,
    name: options.name ?? `name${number}`,
    createdAt: Date.UTC(2026, 0, 1) + number * 1000,
    imageId: `sha256:${'1'.repeat(64)}`,
    spec,
    state: options.state ?? { status: 'created', error: '', exitCode: 0 },
    restartCount: 0,
    stoppedByUser: false,
    sandbox: options.sandbox,
  };
}

/** Volumes of which only the id is known. */
export const SAMPLE_VOLUMES: VolumeNames = { get: () => undefined, pathOf: (id) => `/volumes/${id}/_data` };

export function running(startedAt: number): ContainerState {
  return { status: 'running', pid: 42, pidStartTime: 1, monitorPid: 41, monitorStartTime: 1, startedAt, finishedAt: 0 };
}

export function exited(exitCode: number, finishedAt: number): ContainerState {
  return {
    status: 'exited',
    startedAt: finishedAt - 1000,
    finishedAt,
    exitCode,
    oomKilled: exitCode === 137,
    error: '',
  };
}

export const SAMPLE_SANDBOX: Sandbox = {
  namespacePath: '/run/ns/x',
  endpoints: [
    {
      networkId: 'b'.repeat(64),
      networkName: 'bridge',
      endpointId: 'e'.repeat(64),
      ipAddress: '172.17.0.2',
      prefixLength: 16,
      gateway: '172.17.0.1',
      ipv6Address: '',
      ipv6PrefixLength: 0,
      ipv6Gateway: '',
      macAddress: '02:42:ac:11:00:02',
    },
  ],
  ports: [
    { containerPort: 80, protocol: 'tcp', hostIp: '0.0.0.0', hostPort: 8080 },
    { containerPort: 80, protocol: 'tcp', hostIp: '::', hostPort: 8080 },
  ],
  resolvConf: '',
};
