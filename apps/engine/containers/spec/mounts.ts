import { statSync } from 'node:fs';
import type { HostConfig } from '@berth/contract';
import { mountFlagsOf } from '../../linux/mount-flags.ts';
import type { ContainerPaths } from '../context.ts';
import type { MountPoint } from '../parse/parse-mounts.ts';
import type { RuntimeMount } from './runtime-spec.ts';

const DEFAULT_SHM_BYTES = 64 * 1024 * 1024;

/** What the mounts of a container depend on besides its options. */
export interface MountFacts {
  paths: ContainerPaths;
  mountPoints: MountPoint[];
  /** Host path of each volume and image, by target. */
  sources: ReadonlyMap<string, string>;
  /** Directory whose file system is shared as /dev/shm; undefined: one of its own. */
  sharedShm: string | undefined;
  /** Static init program of the host, mounted at INIT_PATH; undefined: not wanted. */
  init: string | undefined;
  cgroupNamespace: 'private' | 'host';
}

export const INIT_PATH = '/sbin/docker-init';

/** All mounts in the order they are made: the kernel's file systems, then the user's, then the engine's files. */
export function resolveMounts(host: HostConfig, facts: MountFacts): RuntimeMount[] {
  const user = facts.mountPoints.map((mount) => userMount(mount, facts));
  const taken = new Set(facts.mountPoints.map((mount) => mount.target));
  const ownDev = taken.has('/dev'); // a /dev of the user's comes with all that is in it
  const standard = standardMounts(host, facts).filter(
    ({ destination }) => !taken.has(destination) && !(ownDev && destination.startsWith('/dev/')),
  );
  const files = engineFiles(facts, host).filter((mount) => !taken.has(mount.destination));
  return [...standard, ...user, ...files];
}

function standardMounts(host: HostConfig, facts: MountFacts): RuntimeMount[] {
  const writable = host.Privileged ? 'rw' : 'ro';
  const shm: RuntimeMount = facts.sharedShm
    ? {
        destination: '/dev/shm',
        type: 'bind',
        source: facts.sharedShm,
        options: ['rbind', 'rprivate', 'nosuid', 'noexec', 'nodev'],
      }
    : tmpfs('/dev/shm', ['nosuid', 'noexec', 'nodev', 'mode=1777', `size=${host.ShmSize || DEFAULT_SHM_BYTES}`], 'shm');
  return [
    { destination: '/proc', type: 'proc', source: 'proc', options: ['nosuid', 'noexec', 'nodev'] },
    tmpfs('/dev', ['nosuid', 'strictatime', 'mode=755', 'size=65536k']),
    {
      destination: '/dev/pts',
      type: 'devpts',
      source: 'devpts',
      options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
    },
    { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', writable] },
    {
      destination: '/sys/fs/cgroup',
      type: 'cgroup',
      source: 'cgroup',
      options: ['nosuid', 'noexec', 'nodev', 'relatime', writable],
    },
    // The queues of the IPC namespace that the container is in, be it its own or another's.
    { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
    ...(host.IpcMode === 'none' ? [] : [shm]),
  ];
}

function tmpfs(destination: string, options: string[], source = 'tmpfs'): RuntimeMount {
  return { destination, type: 'tmpfs', source, options };
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function userMount(mount: MountPoint, facts: MountFacts): RuntimeMount {
  if (mount.type === 'tmpfs') return tmpfs(mount.target, [...mount.options, ...(mount.readOnly ? ['ro'] : [])]);
  const source = facts.sources.get(mount.target) ?? mount.source;
  // Runtimes set these anew: what the source's own mount forbids (noexec, ro, …) stays forbidden.
  const inherited = mountFlagsOf(source).filter((word) => word !== 'ro' || !mount.readOnly);
  const access = [...(mount.readOnly ? ['ro'] : []), ...inherited];
  // crun 1.8 fails at `rro` for a file; there is nothing below one.
  if (mount.recursiveReadOnly !== 'no' && mount.recursive && isDirectory(source)) access.push('rro');
  return {
    destination: mount.target,
    type: 'bind',
    source,
    options: [mount.recursive ? 'rbind' : 'bind', ...access, propagationOf(mount)],
  };
}

/** The recursive words make crun bind recursively, whatever is said beside them. */
function propagationOf({ recursive, propagation }: MountPoint): string {
  const word = propagation || 'rprivate';
  return recursive ? word : word.replace(/^r/, '');
}

/** Files that the engine keeps for the container: read-only where its root is. */
function engineFiles(facts: MountFacts, host: HostConfig): RuntimeMount[] {
  const bind = (source: string, destination: string, access = host.ReadonlyRootfs ? 'ro' : 'rw'): RuntimeMount => ({
    destination,
    type: 'bind',
    source,
    options: ['bind', access, 'rprivate'],
  });
  const { paths } = facts;
  return [
    bind(paths.resolvConf, '/etc/resolv.conf'),
    bind(paths.hostname, '/etc/hostname'),
    bind(paths.hosts, '/etc/hosts'),
    ...(facts.init === undefined ? [] : [bind(facts.init, INIT_PATH, 'ro')]),
  ];
}
