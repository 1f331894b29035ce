import { readdirSync, readFileSync } from 'node:fs';
import { monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { family } from '@berth/kit';

/** Figures of this process under the names that Prometheus's libraries give them. */
export function processMetrics(): string {
  const { user, system } = process.cpuUsage();
  const { rss, heapTotal, heapUsed, external } = process.memoryUsage();
  const single = (name: string, kind: 'counter' | 'gauge', help: string, value: number) =>
    family(name, kind, help, [{ value }]);
  return [
    single(
      'process_cpu_seconds_total',
      'counter',
      'Total user and system CPU time spent in seconds.',
      (user + system) / 1e6,
    ),
    single('process_resident_memory_bytes', 'gauge', 'Resident memory size in bytes.', rss),
    single('process_virtual_memory_bytes', 'gauge', 'Virtual memory size in bytes.', virtualMemory()),
    single('process_open_fds', 'gauge', 'Number of open file descriptors.', readdirSync('/proc/self/fd').length),
    single('process_max_fds', 'gauge', 'Maximum number of open file descriptors.', maxDescriptors()),
    single(
      'process_start_time_seconds',
      'gauge',
      'Start time of the process since unix epoch in seconds.',
      performance.timeOrigin / 1000,
    ),
    single('nodejs_heap_size_total_bytes', 'gauge', 'Process heap size from Node.js in bytes.', heapTotal),
    single('nodejs_heap_size_used_bytes', 'gauge', 'Process heap size used from Node.js in bytes.', heapUsed),
    single('nodejs_external_memory_bytes', 'gauge', 'Node.js external memory size in bytes.', external),
    family('nodejs_version_info', 'gauge', 'Node.js version info.', [
      { labels: { version: process.version }, value: 1 },
    ]),
  ].join('');
}

/** How late the event loop is, from now on. Costs a timer, so only engines that serve metrics have it. */
export function watchEventLoop(): { text(): string; stop(): void } {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  return {
    text: () => {
      const seconds = (nanoseconds: number) => (Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
      const samples = [
        family('nodejs_eventloop_lag_mean_seconds', 'gauge', 'The mean of the recorded event loop delays.', [
          { value: seconds(delay.mean) },
        ]),
        family('nodejs_eventloop_lag_p99_seconds', 'gauge', 'The 99th percentile of the recorded event loop delays.', [
          { value: seconds(delay.percentile(99)) },
        ]),
        family('nodejs_eventloop_lag_max_seconds', 'gauge', 'The maximum recorded event loop delay.', [
          { value: seconds(delay.max) },
        ]),
      ];
      delay.reset();
      return samples.join('');
    },
    stop: () => delay.disable(),
  };
}

/** Bytes; from /proc/self/status, which says kB. */
function virtualMemory(): number {
  return Number(/^VmSize:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? 0) * 1024;
}

function maxDescriptors(): number {
  return Number(/^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1] ?? 0);
}
