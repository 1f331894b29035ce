import { describe, expect, test } from 'vitest';
import { readHierarchies, readUnified } from './cgroup-usage.ts';
import { parseNetDev } from './net-dev.ts';

/** Files as a kernel has them, by `controller/name` on version 1 and by name on version 2. */
const V1: Record<string, string> = {
  'cpuacct/cpuacct.usage': '123456789012\n',
  'cpuacct/cpuacct.stat': 'user 100\nsystem 50\n',
  'cpuacct/cpuacct.usage_percpu': '100 200 \n',
  'cpu/cpu.stat': 'nr_periods 10\nnr_throttled 3\nthrottled_time 4000000\n',
  'memory/memory.usage_in_bytes': '1048576\n',
  'memory/memory.max_usage_in_bytes': '2097152\n',
  'memory/memory.failcnt': '7\n',
  'memory/memory.limit_in_bytes': '9223372036854771712\n',
  'memory/memory.stat': 'cache 4096\nrss 8192\nhierarchical_memory_limit 9223372036854771712\n',
  'blkio/blkio.throttle.io_service_bytes_recursive': '8:0 Read 4096\n8:0 Write 8192\n8:0 Total 12288\nTotal 12288\n',
  'blkio/blkio.throttle.io_serviced': '8:0 Read 1\nTotal 1\n',
  'pids/pids.current': '3\n',
  'pids/pids.max': 'max\n',
};
const V2: Record<string, string> = {
  'cpu.stat':
    'usage_usec 5000\nuser_usec 3000\nsystem_usec 2000\nnr_periods 4\nnr_throttled 2\nthrottled_usec 1500\nnr_bursts 0\n',
  'memory.current': '1048576\n',
  'memory.max': '67108864\n',
  'memory.peak': '1100000\n',
  'memory.events': 'low 0\nhigh 0\nmax 12\noom 5\noom_kill 1\n',
  'memory.stat': 'anon 4096\nfile 8192\n',
  'io.stat': '8:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n254:16 rbytes=1 wbytes=2 rios=1 wios=1\n',
  'pids.current': '3\n',
  'pids.max': '50\n',
};

describe('what a control group used', () => {
  test('version 1: sums are left out, large numbers are exact', () => {
    const usage = readHierarchies((controller, file) => V1[`${controller}/${file}`]);
    expect(usage.cpu).toEqual({
      ...{ total: 123456789012, user: 1_000_000_000, kernel: 500_000_000, perCpu: [100, 200] },
      ...{ periods: 10, throttledPeriods: 3, throttledTime: 4_000_000 },
    });
    expect(usage.memory).toEqual({
      ...{ usage: 1048576, maxUsage: 2097152, failures: 7, limit: 9223372036854771712n },
      stats: { cache: 4096, rss: 8192, hierarchical_memory_limit: 9223372036854771712n },
    });
    expect(usage.blockIo?.bytes).toEqual([
      { major: 8, minor: 0, op: 'Read', value: 4096 },
      { major: 8, minor: 0, op: 'Write', value: 8192 },
      { major: 8, minor: 0, op: 'Total', value: 12288 },
    ]);
    expect(usage.blockIo?.operations).toEqual([{ major: 8, minor: 0, op: 'Read', value: 1 }]);
    expect(usage.pids).toEqual({ current: 3, limit: undefined });
  });

  test('version 2: microseconds become nanoseconds', () => {
    const usage = readUnified((file) => V2[file]);
    expect(usage.cpu).toEqual({
      ...{ total: 5_000_000, user: 3_000_000, kernel: 2_000_000, perCpu: undefined },
      ...{ periods: 4, throttledPeriods: 2, throttledTime: 1_500_000 },
    });
    expect(usage.memory).toEqual({
      ...{ usage: 1048576, maxUsage: 1100000, failures: 5, limit: 67108864 },
      stats: { anon: 4096, file: 8192 },
    });
    expect(usage.blockIo?.bytes).toEqual([
      { major: 8, minor: 0, op: 'read', value: 4096 },
      { major: 8, minor: 0, op: 'write', value: 8192 },
      { major: 254, minor: 16, op: 'read', value: 1 },
      { major: 254, minor: 16, op: 'write', value: 2 },
    ]);
    expect(usage.pids).toEqual({ current: 3, limit: 50 });
  });

  test('of controllers that are not there is not known', () => {
    const none = { cpu: undefined, memory: undefined, blockIo: undefined, pids: undefined };
    expect(readHierarchies(() => undefined)).toEqual(none);
    expect(readUnified(() => undefined)).toEqual(none);
  });
});

test('links of a network namespace, without loopback and tunnels of the kernel', () => {
  const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo:     100       1    0    0    0     0          0         0      100       1    0    0    0     0       0          0
  sit0:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0          0
  eth0: 1234 5 1 2 0 0 0 0 4321 6 3 4 0 0 0 0
`;
  expect(parseNetDev(text)).toEqual({
    eth0: {
      ...{ rxBytes: 1234, rxPackets: 5, rxErrors: 1, rxDropped: 2 },
      ...{ txBytes: 4321, txPackets: 6, txErrors: 3, txDropped: 4 },
    },
  });
});
