import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MS, mount } from './mount.ts';

/** How control groups are laid out on this host. Directories by controller; v2 has one for all (`unified`). */
export interface CgroupHost {
  version: 1 | 2;
  /** v1: controller (`memory`, `cpu`, …) to mount point, also named hierarchies (`systemd`). Empty on v2. */
  mounts: Map<string, string>;
  /** Mount point of the v2 hierarchy, on hybrid hosts too; undefined when there is none. */
  unified: string | undefined;
  /** Controllers on the v2 hierarchy. */
  unifiedControllers: string[];
}

/** Reads the layout of this host. */
export function detectCgroups(): CgroupHost {
  const layout = parseCgroupMounts(readFileSync('/proc/self/mountinfo', 'utf8'));
  const { unified } = layout;
  return { ...layout, unifiedControllers: unified === undefined ? [] : readWords(join(unified, 'cgroup.controllers')) };
}

/**
 * The layout as the text of a mountinfo file has it (proc_pid_mountinfo(5)). Of several mounts of one hierarchy the first
 * counts: later ones are other programs' views of it.
 */
export function parseCgroupMounts(mountinfo: string): Omit<CgroupHost, 'unifiedControllers'> {
  const mounts = new Map<string, string>();
  let unified: string | undefined;
  for (const line of mountinfo.split('\n')) {
    const [head, tail] = line.split(' - ');
    const target = head
      ?.split(' ')[4]
      ?.replace(/\\([0-7]{3})/g, (_, octal) => String.fromCharCode(Number.parseInt(octal, 8)));
    const [type, , options] = tail?.split(' ') ?? [];
    if (!target || !options) continue;
    if (type === 'cgroup2') unified ??= target;
    if (type === 'cgroup') for (const option of options.split(',')) nameController(option, target, mounts);
  }
  const version = mounts.has('memory') || mounts.has('cpu') || mounts.has('pids') || unified === undefined ? 1 : 2;
  return { version, mounts: version === 2 ? new Map() : mounts, unified };
}

function nameController(option: string, target: string, mounts: Map<string, string>): void {
  const name = option.startsWith('name=') ? option.slice(5) : CONTROLLERS.has(option) ? option : undefined;
  if (name !== undefined && !mounts.has(name)) mounts.set(name, target);
}

const CONTROLLERS = new Set([
  'cpuset',
  'cpu',
  'cpuacct',
  'blkio',
  'memory',
  'devices',
  'freezer',
  'net_cls',
  'perf_event',
  'net_prio',
  'hugetlb',
  'pids',
  'rdma',
  'misc',
]);

/**
 * On hybrid hosts: mounts the controllers that no v1 hierarchy has yet as v1, as cgroupfs-mount does, because crun
 * refuses hosts whose v2 side still has controllers. They stay mounted: running containers use them.
 * Returns the controllers that were mounted. Errors: SyscallError of mount(2), EBUSY where v2 groups use one.
 */
export function mountUnusedControllers(host: CgroupHost): string[] {
  if (host.version === 2) return [];
  const mounted: string[] = [];
  for (const controller of host.unifiedControllers) {
    const target = join('/sys/fs/cgroup', controller);
    mkdirSync(target, { recursive: true });
    mount('cgroup', target, 'cgroup', MS.NOSUID | MS.NODEV | MS.NOEXEC, controller);
    mounted.push(controller);
  }
  return mounted;
}

/** The directories of one group, `path` with a leading slash, one per distinct hierarchy. */
export function cgroupDirectories(host: CgroupHost, path: string): string[] {
  if (host.version === 2) return [join(host.unified!, path)];
  const bases = new Set(host.mounts.values());
  if (host.unified !== undefined) bases.add(host.unified);
  return [...bases].map((base) => join(base, path));
}

/** Process ids in a group and all below it. */
export function cgroupProcesses(host: CgroupHost, path: string): number[] {
  const base = host.version === 2 ? host.unified! : (host.mounts.get('pids') ?? host.mounts.get('memory')!);
  const found: number[] = [];
  const walk = (dir: string) => {
    if (!existsSync(dir)) return;
    found.push(...readWords(join(dir, 'cgroup.procs')).map(Number));
    for (const entry of readdirSync(dir, { withFileTypes: true })) if (entry.isDirectory()) walk(join(dir, entry.name));
  };
  walk(join(base, path));
  return found;
}

/** Removes an empty group and all below it from every hierarchy. Returns false when a process is still in it (EBUSY). */
export function removeCgroup(host: CgroupHost, path: string): boolean {
  let gone = true;
  for (const dir of cgroupDirectories(host, path)) gone = removeTree(dir) && gone;
  return gone;
}

function removeTree(dir: string): boolean {
  try {
    rmdirSync(dir);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'ENOENT') return true;
    if (code !== 'EBUSY' && code !== 'ENOTEMPTY') throw error;
  }
  let empty = true;
  for (const entry of readdirSync(dir, { withFileTypes: true }))
    if (entry.isDirectory()) empty = removeTree(join(dir, entry.name)) && empty;
  try {
    rmdirSync(dir);
    return empty;
  } catch {
    return false; // EBUSY: a process is in it
  }
}

/** Freezes or thaws a group. v1: freezer.state, v2: cgroup.freeze. Resolves when the kernel says it is done. */
export async function setFrozen(host: CgroupHost, path: string, frozen: boolean): Promise<void> {
  const v2 = host.version === 2;
  const dir = join(v2 ? host.unified! : host.mounts.get('freezer')!, path);
  writeFileSync(
    join(dir, v2 ? 'cgroup.freeze' : 'freezer.state'),
    v2 ? (frozen ? '1' : '0') : frozen ? 'FROZEN' : 'THAWED',
  );
  const done = v2
    ? () => readFileSync(join(dir, 'cgroup.events'), 'utf8').includes(`frozen ${frozen ? 1 : 0}`)
    : () => readFileSync(join(dir, 'freezer.state'), 'utf8').trim() === (frozen ? 'FROZEN' : 'THAWED');
  for (let waited = 0; !done(); waited++) {
    if (waited > 2000) throw new Error(`the control group ${path} did not ${frozen ? 'freeze' : 'thaw'} within 2 s`);
    await new Promise((next) => setTimeout(next, 1));
  }
}

/** How often the kernel killed a process of this group for lack of memory. */
export function oomKills(host: CgroupHost, path: string): number {
  const file =
    host.version === 2
      ? join(host.unified!, path, 'memory.events')
      : join(host.mounts.get('memory') ?? '/nonexistent', path, 'memory.oom_control');
  try {
    return Number(/^oom_kill (\d+)/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0; // the group is gone already, or the controller is not there
  }
}

function readWords(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split(/\s+/).filter(Boolean);
  } catch {
    return [];
  }
}

/** Whether a group is frozen now; false when it is not there. */
export function isFrozen(host: CgroupHost, path: string): boolean {
  const v2 = host.version === 2;
  const base = v2 ? host.unified : host.mounts.get('freezer');
  if (base === undefined) return false;
  const words = readWords(join(base, path, v2 ? 'cgroup.events' : 'freezer.state'));
  return v2 ? words[words.indexOf('frozen') + 1] === '1' : words[0] === 'FROZEN';
}
