import type { TestEngine } from './engine.ts';
import { open } from './request.ts';

export interface CpuStats {
  cpu_usage: { total_usage: number; percpu_usage?: number[]; usage_in_kernelmode: number; usage_in_usermode: number };
  system_cpu_usage?: number;
  online_cpus?: number;
  throttling_data: { periods: number; throttled_periods: number; throttled_time: number };
}

/** Docker's StatsResponse, the parts that tests look at. */
export interface Stats {
  name: string;
  id: string;
  read: string;
  preread: string;
  cpu_stats: CpuStats;
  precpu_stats: CpuStats;
  memory_stats: {
    usage?: number;
    max_usage?: number;
    limit?: number;
    failcnt?: number;
    stats?: Record<string, number>;
  };
  pids_stats: { current?: number; limit?: number };
  blkio_stats: Record<string, { major: number; minor: number; op: string; value: number }[] | null>;
  networks?: Record<string, Record<string, number>>;
}

/** Reads lines of JSON as they come. Resolves to how the stream ended. */
export async function jsonLinesOf(
  engine: TestEngine,
  path: string,
  onLine: (line: Stats) => void,
  signal?: AbortSignal,
): Promise<'end' | 'aborted'> {
  const response = await open({ socketPath: engine.socket }, 'GET', path, signal ? { signal } : {});
  let rest = '';
  try {
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(JSON.parse(line) as Stats);
    }
    return 'end';
  } catch (error) {
    if (signal?.aborted) return 'aborted';
    throw error;
  }
}
