import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupHost } from './cgroup.ts';

/** Limits of a group that are to change; what is undefined stays. Sizes in bytes, times in microseconds, -1: none. */
export interface LimitChange {
  memory?: number;
  /** Memory and swap together, as version 1 has it. */
  memoryAndSwap?: number;
  reservation?: number;
  cpuShares?: number;
  cpuPeriod?: number;
  cpuQuota?: number;
  realtimePeriod?: number;
  realtimeRuntime?: number;
  cpus?: string;
  mems?: string;
  pids?: number;
  /** 10 to 1000. */
  blockWeight?: number;
  /** The same for one device, `MAJOR:MINOR`. */
  deviceWeight?: { device: string; weight: number };
}

/** One file to write: of the choices, file and value, the first that exists. `controller` is '' on version 2. */
export interface LimitWrite {
  controller: string;
  choices: [string, string][];
}

/**
 * Changes limits of a group that is in use, all or none: what was written before a failure is written back.
 * Errors: those of the kernel (EBUSY where memory cannot be freed, EINVAL).
 */
export function changeLimits(host: CgroupHost, path: string, change: LimitChange): void {
  const directory = (controller: string) =>
    join(host.version === 2 ? host.unified! : (host.mounts.get(controller) ?? '/nonexistent'), path);
  const current = (controller: string, file: string) => readFileSync(join(directory(controller), file), 'utf8').trim();
  const writes = host.version === 2 ? unifiedWrites(change, current) : hierarchyWrites(change, current);
  const undo: (() => void)[] = [];
  try {
    for (const { controller, choices } of writes) {
      const { file, value, before } = firstReadable(choices, (name) => current(controller, name));
      writeFileSync(join(directory(controller), file), value);
      undo.push(() => writeFileSync(join(directory(controller), file), before));
    }
  } catch (error) {
    for (const back of undo.reverse()) attempt(back);
    throw error;
  }
}

/** Reads a control file. */
type Read = (controller: string, file: string) => string;

const MAX = 'max';

/** The files of version 1 in the order in which the kernel takes them. */
export function hierarchyWrites(change: LimitChange, read: Read): LimitWrite[] {
  const write = (controller: string, file: string, value: number | string | undefined): LimitWrite[] =>
    value === undefined ? [] : [{ controller, choices: [[file, String(value)]] }];
  return [
    ...memoryWrites(change, read),
    ...write('memory', 'memory.soft_limit_in_bytes', change.reservation),
    ...write('cpu', 'cpu.shares', change.cpuShares),
    ...write('cpu', 'cpu.cfs_period_us', change.cpuPeriod),
    ...write('cpu', 'cpu.cfs_quota_us', change.cpuQuota),
    ...write('cpu', 'cpu.rt_period_us', change.realtimePeriod),
    ...write('cpu', 'cpu.rt_runtime_us', change.realtimeRuntime),
    ...write('cpuset', 'cpuset.cpus', change.cpus),
    ...write('cpuset', 'cpuset.mems', change.mems),
    ...write('pids', 'pids.max', change.pids === -1 ? MAX : change.pids),
    ...blockWeight('blkio', change.blockWeight, (weight) => [
      ['blkio.weight', String(weight)],
      ['blkio.bfq.weight', String(weight)],
    ]),
    ...blockWeight('blkio', change.deviceWeight, ({ device, weight }) => [
      ['blkio.weight_device', `${device} ${weight}`],
      ['blkio.bfq.weight_device', `${device} ${weight}`],
    ]),
  ];
}

/** Memory may never be above memory and swap together, so what grows grows from above, what shrinks from below. */
function memoryWrites({ memory, memoryAndSwap }: LimitChange, read: Read): LimitWrite[] {
  const write = (file: string, value: number | undefined): LimitWrite => ({
    controller: 'memory',
    choices: [[file, String(value)]],
  });
  const limit = write('memory.limit_in_bytes', memory);
  const both = write('memory.memsw.limit_in_bytes', memoryAndSwap);
  if (memory === undefined) return memoryAndSwap === undefined ? [] : [both];
  if (memoryAndSwap === undefined) return [limit];
  const grows = memoryAndSwap === -1 || memoryAndSwap > Number(read('memory', 'memory.memsw.limit_in_bytes'));
  return grows ? [both, limit] : [limit, both];
}

/** The files of version 2. */
export function unifiedWrites(change: LimitChange, read: Read): LimitWrite[] {
  const write = (file: string, value: number | string | undefined): LimitWrite[] =>
    value === undefined ? [] : [{ controller: '', choices: [[file, value === -1 ? MAX : String(value)]] }];
  return [
    ...write('memory.swap.max', swapOf(change, read)),
    ...write('memory.max', change.memory),
    ...write('memory.low', change.reservation),
    ...write('cpu.weight', change.cpuShares === undefined ? undefined : weightOfShares(change.cpuShares)),
    ...write('cpu.max', cpuMax(change, read)),
    ...write('cpuset.cpus', change.cpus),
    ...write('cpuset.mems', change.mems),
    ...write('pids.max', change.pids),
    ...blockWeight('', change.blockWeight, (weight) => [
      ['io.bfq.weight', String(weight)],
      ['io.weight', String(scaledWeight(weight))],
    ]),
    ...blockWeight('', change.deviceWeight, ({ device, weight }) => [
      ['io.bfq.weight', `${device} ${weight}`],
      ['io.weight', `${device} ${scaledWeight(weight)}`],
    ]),
  ];
}

/** Version 2 counts swap alone. */
function swapOf({ memory, memoryAndSwap }: LimitChange, read: Read): number | undefined {
  if (memoryAndSwap === undefined || memoryAndSwap === -1) return memoryAndSwap;
  const limit = memory ?? Number(read('', 'memory.max'));
  return Number.isFinite(limit) ? Math.max(0, memoryAndSwap - limit) : undefined;
}

/** From 2…262144 to 1…10000, as the OCI runtimes do. */
export function weightOfShares(shares: number): number {
  return Math.floor(1 + ((shares - 2) * 9999) / 262_142);
}

/** `QUOTA PERIOD`; the one that does not change is kept. */
function cpuMax({ cpuQuota, cpuPeriod }: LimitChange, read: Read): string | undefined {
  if (cpuQuota === undefined && cpuPeriod === undefined) return undefined;
  const [quota = MAX, period = '100000'] = read('', 'cpu.max').split(' ');
  const wanted = cpuQuota === undefined ? quota : cpuQuota <= 0 ? MAX : String(cpuQuota);
  return `${wanted} ${cpuPeriod ?? period}`;
}

function blockWeight<T>(
  controller: string,
  wish: T | undefined,
  choices: (wish: T) => [string, string][],
): LimitWrite[] {
  return wish === undefined ? [] : [{ controller, choices: choices(wish) }];
}

/** From 10…1000 to the 1…10000 of the cost model, as the OCI runtimes do. */
function scaledWeight(weight: number): number {
  return Math.floor(1 + ((weight - 10) * 9999) / 990);
}

/** The first file that can be read, with what is in it. */
function firstReadable(
  choices: [string, string][],
  read: (file: string) => string,
): { file: string; value: string; before: string } {
  let failure: unknown;
  for (const [file, value] of choices) {
    try {
      return { file, value, before: read(file) };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // the group is gone, or the kernel does not take it back: the failure before is what is told
  }
}
