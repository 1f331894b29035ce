import type { ContainerStats, CpuStats } from '@berth/client';
import { type ListFormat, type ListSpec, renderList } from './list.ts';
import { shortId } from './text.ts';
import { bytesSize, humanSize } from './units.ts';

/** A row of `stats`. `seen` undefined: nothing could be read. */
export interface StatsRow {
  /** As the user wrote it, or the short id. */
  container: string;
  seen: ContainerStats | undefined;
}

const COLUMNS = ['ID', 'Name', 'CPUPerc', 'MemUsage', 'MemPerc', 'NetIO', 'BlockIO', 'PIDs'];
const UNKNOWN = '--';

/** The rows as text. Throws CliError `template parsing error: …`. */
export function renderStats(rows: readonly StatsRow[], options: { format: string; noTrunc: boolean }): Promise<string> {
  const { format } = options;
  const plain = format === '' || format === 'table';
  const how: ListFormat = plain ? { kind: 'table', columns: COLUMNS } : { kind: 'custom', format };
  return renderList(rows, statsSpec(options.noTrunc), how);
}

function statsSpec(noTrunc: boolean): ListSpec<StatsRow> {
  const of = (read: (seen: ContainerStats) => string) => (row: StatsRow) => (row.seen ? read(row.seen) : UNKNOWN);
  return {
    typeName: '*container.statsContext',
    headers: {
      Container: 'CONTAINER',
      ID: 'CONTAINER ID',
      Name: 'NAME',
      CPUPerc: 'CPU %',
      MemUsage: 'MEM USAGE / LIMIT',
      MemPerc: 'MEM %',
      NetIO: 'NET I/O',
      BlockIO: 'BLOCK I/O',
      PIDs: 'PIDS',
    },
    fields: {
      Container: (row) => row.container,
      ID: of(({ id = '' }) => (noTrunc ? id : shortId(id))),
      Name: of(({ name = '' }) => (name.length > 1 ? name.slice(1) : UNKNOWN)),
      CPUPerc: of((seen) => percent(cpuPercent(seen.cpu_stats, seen.precpu_stats))),
      MemUsage: (row) =>
        row.seen
          ? `${bytesSize(memoryUsage(row.seen))} / ${bytesSize(row.seen.memory_stats.limit ?? 0)}`
          : `${UNKNOWN} / ${UNKNOWN}`,
      MemPerc: of((seen) => percent(share(memoryUsage(seen), seen.memory_stats.limit ?? 0))),
      NetIO: of((seen) => pair(networkBytes(seen))),
      BlockIO: of((seen) => pair(blockBytes(seen))),
      PIDs: of((seen) => String(seen.pids_stats.current ?? 0)),
    },
  };
}

/** Of one CPU: 200 is two of them. From two looks at the container's and the host's CPU time. */
export function cpuPercent(now: CpuStats, before: CpuStats): number {
  const used = now.cpu_usage.total_usage - before.cpu_usage.total_usage;
  const passed = (now.system_cpu_usage ?? 0) - (before.system_cpu_usage ?? 0);
  const cpus = now.online_cpus || (now.cpu_usage.percpu_usage?.length ?? 0);
  return used > 0 && passed > 0 ? (used / passed) * cpus * 100 : 0;
}

/** Bytes without the page cache that is not in use: `total_inactive_file` of cgroup v1, `inactive_file` of v2. */
export function memoryUsage({ memory_stats: { usage = 0, stats } }: ContainerStats): number {
  for (const name of ['total_inactive_file', 'inactive_file']) {
    const cache = stats?.[name];
    if (cache !== undefined && cache < usage) return usage - cache;
  }
  return usage;
}

/** Received and sent, over all links. */
function networkBytes({ networks }: ContainerStats): [number, number] {
  const links = Object.values(networks ?? {});
  return [links.reduce((sum, link) => sum + link.rx_bytes, 0), links.reduce((sum, link) => sum + link.tx_bytes, 0)];
}

/** Read and written, over all devices. */
function blockBytes({ blkio_stats }: ContainerStats): [number, number] {
  const entries = blkio_stats.io_service_bytes_recursive ?? [];
  const sum = (letter: string) =>
    entries.filter(({ op }) => op[0]?.toLowerCase() === letter).reduce((all, { value }) => all + value, 0);
  return [sum('r'), sum('w')];
}

const share = (part: number, whole: number) => (whole === 0 ? 0 : (part / whole) * 100);
const percent = (value: number) => `${value.toFixed(2)}%`;
const pair = ([first, second]: [number, number]) => `${humanSize(first, 3)} / ${humanSize(second, 3)}`;
