import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupHost } from './cgroup.ts';

/** A kernel counter. What a number cannot hold exactly (2^53 and more) is a bigint. */
export type Count = number | bigint;

/** What one control group used. A part whose controller is not there, or whose group is gone, is undefined. */
export interface CgroupUsage {
  cpu: CpuUsage | undefined;
  memory: MemoryUsage | undefined;
  blockIo: BlockIoUsage | undefined;
  pids: PidsUsage | undefined;
}

/** Times in nanoseconds. */
export interface CpuUsage {
  total: Count;
  user: Count;
  kernel: Count;
  /** By CPU; version 1 only. */
  perCpu: Count[] | undefined;
  periods: Count;
  throttledPeriods: Count;
  throttledTime: Count;
}

/** Sizes in bytes; `stats` is memory.stat. */
export interface MemoryUsage {
  usage: Count;
  /** Undefined on version 2 of older kernels (memory.peak). */
  maxUsage: Count | undefined;
  /** How often the limit was hit. */
  failures: Count;
  /** Undefined: none. */
  limit: Count | undefined;
  stats: Record<string, Count>;
}

/** Counters by device; a kind that this kernel does not count is undefined. */
export interface BlockIoUsage {
  bytes: BlockIoEntry[] | undefined;
  operations: BlockIoEntry[] | undefined;
  queued: BlockIoEntry[] | undefined;
  serviceTime: BlockIoEntry[] | undefined;
  waitTime: BlockIoEntry[] | undefined;
  merged: BlockIoEntry[] | undefined;
  time: BlockIoEntry[] | undefined;
  sectors: BlockIoEntry[] | undefined;
}

export interface BlockIoEntry {
  major: number;
  minor: number;
  /** `Read`, `Write`, … as version 1 has it; `read`, `write` of version 2; '' where a counter has none. */
  op: string;
  value: Count;
}

export interface PidsUsage {
  current: Count;
  /** Undefined: none. */
  limit: Count | undefined;
}

/** Reads what a group used until now, `path` with a leading slash. About a dozen small files, read without waiting. */
export function readCgroupUsage(host: CgroupHost, path: string): CgroupUsage {
  if (host.version === 2) return readUnified((file) => readSmall(join(host.unified!, path, file)));
  return readHierarchies((controller, file) => {
    const base = host.mounts.get(controller);
    return base === undefined ? undefined : readSmall(join(base, path, file));
  });
}

/** Files of version 1, asked for by controller and name; undefined stands for a file that is not there. */
export function readHierarchies(read: (controller: string, file: string) => string | undefined): CgroupUsage {
  return {
    cpu: cpuOfHierarchies(read),
    memory: memoryOfHierarchies(read),
    blockIo: blockIoOfHierarchies(read),
    pids: pidsOf(read('pids', 'pids.current'), read('pids', 'pids.max')),
  };
}

/** USER_HZ is 100 on every architecture that Node runs on. */
const NS_PER_TICK = 10_000_000;

function cpuOfHierarchies(read: (controller: string, file: string) => string | undefined): CpuUsage | undefined {
  const total = read('cpuacct', 'cpuacct.usage');
  if (total === undefined) return undefined;
  const times = keyed(read('cpuacct', 'cpuacct.stat'));
  const throttling = keyed(read('cpu', 'cpu.stat'));
  return {
    total: count(total),
    user: times('user', NS_PER_TICK),
    kernel: times('system', NS_PER_TICK),
    perCpu: read('cpuacct', 'cpuacct.usage_percpu')?.trim().split(/\s+/).map(count),
    periods: throttling('nr_periods'),
    throttledPeriods: throttling('nr_throttled'),
    throttledTime: throttling('throttled_time'),
  };
}

function memoryOfHierarchies(read: (controller: string, file: string) => string | undefined): MemoryUsage | undefined {
  const usage = read('memory', 'memory.usage_in_bytes');
  if (usage === undefined) return undefined;
  return {
    usage: count(usage),
    maxUsage: count(read('memory', 'memory.max_usage_in_bytes')),
    failures: count(read('memory', 'memory.failcnt')),
    limit: count(read('memory', 'memory.limit_in_bytes')),
    stats: keyValues(read('memory', 'memory.stat')),
  };
}

function blockIoOfHierarchies(
  read: (controller: string, file: string) => string | undefined,
): BlockIoUsage | undefined {
  // The throttling layer sees every request, whatever scheduler the device has.
  const throttled = (what: string) =>
    read('blkio', `blkio.throttle.${what}_recursive`) ?? read('blkio', `blkio.throttle.${what}`);
  const bytes = throttled('io_service_bytes');
  if (bytes === undefined) return undefined;
  const scheduled = (what: string) => entriesOf(read('blkio', `blkio.${what}`) ?? '');
  return {
    bytes: entriesOf(bytes),
    operations: entriesOf(throttled('io_serviced') ?? ''),
    queued: scheduled('io_queued_recursive'),
    serviceTime: scheduled('io_service_time_recursive'),
    waitTime: scheduled('io_wait_time_recursive'),
    merged: scheduled('io_merged_recursive'),
    time: scheduled('time_recursive'),
    sectors: scheduled('sectors_recursive'),
  };
}

/** `8:0 Read 4096` and `8:0 4096`, a line each; the sum over all devices (`Total 4096`) is left out. */
function entriesOf(text: string): BlockIoEntry[] {
  return [...text.matchAll(/^(\d+):(\d+) (?:([A-Za-z]+) )?(\d+)$/gm)].map(([, major, minor, op = '', value]) => ({
    major: Number(major),
    minor: Number(minor),
    op,
    value: count(value),
  }));
}

/** Files of version 2, asked for by name. */
export function readUnified(read: (file: string) => string | undefined): CgroupUsage {
  const cpuStat = read('cpu.stat');
  const io = read('io.stat');
  return {
    cpu: cpuStat === undefined ? undefined : cpuOfUnified(cpuStat),
    memory: memoryOfUnified(read),
    blockIo: io === undefined ? undefined : blockIoOfUnified(io),
    pids: pidsOf(read('pids.current'), read('pids.max')),
  };
}

const NS_PER_US = 1000;

function cpuOfUnified(text: string): CpuUsage {
  const times = keyed(text);
  return {
    total: times('usage_usec', NS_PER_US),
    user: times('user_usec', NS_PER_US),
    kernel: times('system_usec', NS_PER_US),
    perCpu: undefined,
    periods: times('nr_periods'),
    throttledPeriods: times('nr_throttled'),
    throttledTime: times('throttled_usec', NS_PER_US),
  };
}

function memoryOfUnified(read: (file: string) => string | undefined): MemoryUsage | undefined {
  const usage = read('memory.current');
  if (usage === undefined) return undefined;
  const peak = read('memory.peak');
  return {
    usage: count(usage),
    maxUsage: peak === undefined ? undefined : count(peak),
    failures: keyed(read('memory.events'))('oom'),
    limit: limitOf(read('memory.max')),
    stats: keyValues(read('memory.stat')),
  };
}

/** `8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0`, a line for each device. */
function blockIoOfUnified(text: string): BlockIoUsage {
  const bytes: BlockIoEntry[] = [];
  for (const [, major, minor, counters = ''] of text.matchAll(/^(\d+):(\d+)(.*)$/gm)) {
    const device = { major: Number(major), minor: Number(minor) };
    for (const [op, key] of [
      ['read', 'rbytes'],
      ['write', 'wbytes'],
    ] as const)
      bytes.push({ ...device, op, value: count(new RegExp(`\\b${key}=(\\d+)`).exec(counters)?.[1]) });
  }
  const none = undefined;
  return {
    ...{ bytes, operations: none, queued: none, serviceTime: none },
    ...{ waitTime: none, merged: none, time: none, sectors: none },
  };
}

function pidsOf(current: string | undefined, max: string | undefined): PidsUsage | undefined {
  return current === undefined ? undefined : { current: count(current), limit: limitOf(max) };
}

function limitOf(text: string | undefined): Count | undefined {
  return text === undefined || text.trim() === 'max' ? undefined : count(text);
}

/** A decimal number; 0 when there is none. */
function count(text: string | undefined): Count {
  const value = Number(text ?? 0);
  if (Number.isSafeInteger(value)) return value;
  return /^\s*\d+\s*$/.test(text ?? '') ? BigInt(text!) : 0;
}

/** Looks up `key value` lines, multiplied. */
function keyed(text: string | undefined): (key: string, factor?: number) => Count {
  const values = keyValues(text);
  return (key, factor = 1) => {
    const value = values[key] ?? 0;
    const product = Number(value) * factor;
    return Number.isSafeInteger(product) ? product : BigInt(value) * BigInt(factor);
  };
}

function keyValues(text: string | undefined): Record<string, Count> {
  const values: Record<string, Count> = {};
  for (const line of (text ?? '').split('\n')) {
    const space = line.indexOf(' ');
    if (space > 0) values[line.slice(0, space)] = count(line.slice(space + 1));
  }
  return values;
}

/** The largest of these files, memory.stat of a machine with many nodes, has a few kilobytes. */
const buffer = Buffer.allocUnsafe(64 * 1024);

/** A kernel file's text by three system calls; undefined when it cannot be read. */
export function readSmall(file: string): string | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    return undefined;
  }
  try {
    return buffer.toString('latin1', 0, readSync(fd, buffer, 0, buffer.length, 0));
  } catch {
    return undefined; // ENODEV: the group went away
  } finally {
    closeSync(fd);
  }
}
