import type { EngineClient } from '../engine-client.ts';
import type { TransportResponse } from '../transport/transport.ts';
import { containerPath } from './path.ts';

/** CPU time in nanoseconds, as the engine sends it. */
export interface CpuStats {
  cpu_usage: { total_usage: number; percpu_usage?: number[] | null };
  system_cpu_usage?: number;
  online_cpus?: number;
}

/** One look at a container, the parts that clients show; sizes in bytes. */
export interface ContainerStats {
  name?: string;
  id?: string;
  read: string;
  cpu_stats: CpuStats;
  precpu_stats: CpuStats;
  memory_stats: { usage?: number; limit?: number; stats?: Record<string, number> | null };
  pids_stats: { current?: number };
  blkio_stats: { io_service_bytes_recursive?: { op: string; value: number }[] | null };
  networks?: Record<string, { rx_bytes: number; tx_bytes: number }> | null;
}

/** GET /containers/{id}/stats: a ContainerStats a line, one a second with `stream`, else a single one. */
export function containerStats(
  client: EngineClient,
  name: string,
  options: { stream: boolean; signal?: AbortSignal },
): Promise<TransportResponse> {
  const { stream, signal } = options;
  return client.stream('GET', containerPath(name, '/stats'), {
    query: { stream: stream ? '1' : '0' },
    ...(signal && { signal }),
  });
}
