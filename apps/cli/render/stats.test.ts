import type { ContainerStats } from '@berth/client';
import { expect, test } from 'vitest';
import { cpuPercent, memoryUsage, renderStats } from './stats.ts';

const cpu = (used: number, host: number) => ({
  cpu_usage: { total_usage: used },
  system_cpu_usage: host,
  online_cpus: 2,
});
const SEEN: ContainerStats = {
  name: '/web',
  id: 'a'.repeat(64),
  read: '2026-01-01T00:00:00Z',
  cpu_stats: cpu(1500, 4000),
  precpu_stats: cpu(1000, 2000),
  memory_stats: { usage: 3 * 1024 * 1024, limit: 60 * 1024 * 1024, stats: { total_inactive_file: 1024 * 1024 } },
  pids_stats: { current: 4 },
  blkio_stats: {
    io_service_bytes_recursive: [
      { op: 'Read', value: 1500 },
      { op: 'write', value: 2_000_000 },
      { op: 'Total', value: 9 },
    ],
  },
  networks: { eth0: { rx_bytes: 1000, tx_bytes: 1 }, eth1: { rx_bytes: 234, tx_bytes: 1 } },
};

test('a row has what Docker shows', async () => {
  const text = await renderStats([{ container: 'web', seen: SEEN }], { format: '', noTrunc: false });
  expect(text).toBe(
    `CONTAINER ID   NAME      CPU %     MEM USAGE / LIMIT   MEM %     NET I/O       BLOCK I/O     PIDS
${'a'.repeat(12)}   web       50.00%    2MiB / 60MiB        3.33%     1.23kB / 2B   1.5kB / 2MB   4\n`,
  );
});

test('what is not known is dashes', async () => {
  const format = '{{.ID}} {{.Name}} {{.MemUsage}} {{.PIDs}} {{.Container}}';
  expect(await renderStats([{ container: 'x', seen: undefined }], { format, noTrunc: true })).toBe(
    '-- -- -- / -- -- x\n',
  );
});

test('CPU time without a look before, and going backwards, is nothing', () => {
  expect(cpuPercent(cpu(5, 10), cpu(6, 5))).toBe(0);
  expect(cpuPercent(cpu(5, 10), cpu(1, 10))).toBe(0);
});

test('memory of version 2 is without the inactive page cache', () => {
  const stats = { inactive_file: 40 };
  expect(memoryUsage({ ...SEEN, memory_stats: { usage: 100, stats } })).toBe(60);
});
