import type {
  BlockIoEntry,
  BlockIoUsage,
  CgroupUsage,
  Count,
  CpuUsage,
  MemoryUsage,
  PidsUsage,
} from '../../linux/cgroup-usage.ts';
import type { LinkCounters } from '../../linux/net-dev.ts';
import type { HostCpu, Sample } from './sample.ts';

declare global {
  interface JSON {
    /** ECMAScript 2026; not yet in TypeScript's own declarations. */
    rawJSON(text: string): object;
  }
}

/** Docker's members of a StatsResponse from what was read. */
export function encodeSample(
  usage: CgroupUsage,
  links: Record<string, LinkCounters>,
  cpu: HostCpu,
  host: { version: 1 | 2; hostMemory: number; now: number },
): Sample {
  const networks = Object.entries(links);
  return {
    readAt: host.now,
    cpu: encode(cpuStats(usage.cpu, cpu)),
    rest: members({
      pids_stats: pidsStats(usage.pids, host.version),
      blkio_stats: blockIoStats(usage.blockIo),
      num_procs: 0, // of Windows, as is the next
      storage_stats: {},
      memory_stats: memoryStats(usage.memory, host),
      ...(networks.length > 0 && {
        networks: Object.fromEntries(networks.map(([name, link]) => [name, networkStats(link)])),
      }),
    }),
  };
}

/** An object's text. A bigint becomes the number that it is: clients in Go read 64 bits. */
function encode(value: object): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'bigint' ? JSON.rawJSON(String(member)) : member,
  );
}

/** `,"name":value` for each. */
function members(value: object): string {
  return `,${encode(value).slice(1, -1)}`;
}

function cpuStats(usage: CpuUsage | undefined, host: HostCpu): object {
  return {
    cpu_usage: {
      total_usage: usage?.total ?? 0,
      ...(usage?.perCpu && { percpu_usage: usage.perCpu }),
      usage_in_kernelmode: usage?.kernel ?? 0,
      usage_in_usermode: usage?.user ?? 0,
    },
    ...omitZero({ system_cpu_usage: host.total, online_cpus: host.online }),
    throttling_data: {
      periods: usage?.periods ?? 0,
      throttled_periods: usage?.throttledPeriods ?? 0,
      throttled_time: usage?.throttledTime ?? 0,
    },
  };
}

const UNLIMITED = 2n ** 64n - 1n;

/** Version 1 leaves out a limit that is not there, version 2 has the largest number: Docker's habit. */
function pidsStats(usage: PidsUsage | undefined, version: 1 | 2): object {
  if (!usage) return {};
  return omitZero({ current: usage.current, limit: usage.limit ?? (version === 2 ? UNLIMITED : 0) });
}

function memoryStats(usage: MemoryUsage | undefined, host: { version: 1 | 2; hostMemory: number }): object {
  if (!usage) return {};
  const limit = usage.limit === undefined || usage.limit > host.hostMemory ? host.hostMemory : usage.limit;
  const names = host.version === 2 ? UNIFIED_STATS : HIERARCHY_STATS;
  return {
    ...omitZero({ usage: usage.usage, max_usage: host.version === 2 ? 0 : (usage.maxUsage ?? 0) }),
    stats: Object.fromEntries(names.flatMap((name) => statOf(usage.stats, name))),
    ...omitZero({ failcnt: usage.failures, limit }),
  };
}

function statOf(stats: Record<string, Count>, name: string): [string, Count][] {
  const value = stats[name];
  return value === undefined ? [] : [[name, value]];
}

const OWN = [
  ...['cache', 'rss', 'rss_huge', 'mapped_file', 'dirty', 'writeback', 'pgpgin', 'pgpgout', 'pgfault', 'pgmajfault'],
  ...['inactive_anon', 'active_anon', 'inactive_file', 'active_file', 'unevictable'],
];
/** What Docker shows of memory.stat of version 1. */
const HIERARCHY_STATS = [
  ...OWN,
  ...['hierarchical_memory_limit', 'hierarchical_memsw_limit'],
  ...OWN.map((name) => `total_${name}`),
];
/** And of version 2. */
const UNIFIED_STATS = [
  ...['anon', 'file', 'kernel_stack', 'slab', 'sock', 'shmem', 'file_mapped', 'file_dirty', 'file_writeback'],
  ...['anon_thp', 'inactive_anon', 'active_anon', 'inactive_file', 'active_file', 'unevictable'],
  ...['slab_reclaimable', 'slab_unreclaimable', 'pgfault', 'pgmajfault', 'workingset_refault'],
  ...['workingset_activate', 'workingset_nodereclaim', 'pgrefill', 'pgscan', 'pgsteal', 'pgactivate'],
  ...['pgdeactivate', 'pglazyfree', 'pglazyfreed', 'thp_fault_alloc', 'thp_collapse_alloc'],
];

/** A kind that is not counted is null. */
function blockIoStats(usage: BlockIoUsage | undefined): Record<string, BlockIoEntry[] | null> {
  return {
    io_service_bytes_recursive: usage?.bytes ?? null,
    io_serviced_recursive: usage?.operations ?? null,
    io_queue_recursive: usage?.queued ?? null,
    io_service_time_recursive: usage?.serviceTime ?? null,
    io_wait_time_recursive: usage?.waitTime ?? null,
    io_merged_recursive: usage?.merged ?? null,
    io_time_recursive: usage?.time ?? null,
    sectors_recursive: usage?.sectors ?? null,
  };
}

function networkStats(link: LinkCounters): Record<string, number> {
  return {
    rx_bytes: link.rxBytes,
    rx_packets: link.rxPackets,
    rx_errors: link.rxErrors,
    rx_dropped: link.rxDropped,
    tx_bytes: link.txBytes,
    tx_packets: link.txPackets,
    tx_errors: link.txErrors,
    tx_dropped: link.txDropped,
  };
}

/** Go's `omitempty`. */
function omitZero(values: Record<string, Count>): Record<string, Count> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== 0));
}

/** The sample of a container that does not run: all zero, as Docker sends it. */
export const EMPTY_SAMPLE: Sample = {
  readAt: 0,
  cpu: encode(cpuStats(undefined, { total: 0, online: 0 })),
  rest: members({
    pids_stats: {},
    blkio_stats: blockIoStats(undefined),
    num_procs: 0,
    storage_stats: {},
    memory_stats: {},
  }),
};
