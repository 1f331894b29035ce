import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readUnified } from '../../linux/cgroup-usage.ts';
import { EMPTY_SAMPLE, encodeSample } from './encode.ts';
import { parseHostCpu, type Sample } from './sample.ts';
import { Sampler } from './sampler.ts';

describe('the JSON of a sample', () => {
  test('version 2 without limits: the host memory, and the largest number of processes', () => {
    const files: Record<string, string> = {
      'cpu.stat': 'usage_usec 9007199254740993\n',
      'memory.current': '100\n',
      'memory.max': 'max\n',
      'pids.current': '1\n',
      'pids.max': 'max\n',
    };
    const sample = encodeSample(
      readUnified((file) => files[file]),
      {},
      { total: 5, online: 2 },
      { version: 2, hostMemory: 1000, now: 1 },
    );
    expect(sample.cpu).toContain('"total_usage":9007199254740993000,');
    expect(sample.rest).toContain('"pids_stats":{"current":1,"limit":18446744073709551615}');
    expect(JSON.parse(`{"a":1${sample.rest}}`)).toMatchObject({ memory_stats: { usage: 100, limit: 1000, stats: {} } });
  });

  test('of nothing is zero', () => {
    expect(JSON.parse(EMPTY_SAMPLE.cpu)).toEqual({
      cpu_usage: { total_usage: 0, usage_in_kernelmode: 0, usage_in_usermode: 0 },
      throttling_data: { periods: 0, throttled_periods: 0, throttled_time: 0 },
    });
    expect(JSON.parse(`{"a":1${EMPTY_SAMPLE.rest}}`)).toMatchObject({ pids_stats: {}, memory_stats: {}, num_procs: 0 });
  });

  test('the CPU time of a host is that of seven kinds', () => {
    const text = 'cpu  1 2 3 4 5 6 7 100 100 100\ncpu0 1 1 1 1 1 1 1\ncpu1 1 1 1 1 1 1 1\nintr 5\n';
    expect(parseHostCpu(text)).toEqual({ total: 280_000_000, online: 2 });
  });
});

describe('the sampler', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  const sampleAt = (readAt: number): Sample => ({ readAt, cpu: '{}', rest: '' });

  test('looks once a second for all who watch, and never when nobody does', async () => {
    const take = vi.fn((_id: string, now: number): Sample | undefined => sampleAt(now));
    const sampler = new Sampler(take);
    const seen: (number | undefined)[][] = [[], []];
    const first = sampler.watch('a', (sample) => seen[0]?.push(sample?.readAt));
    expect(take).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(1500);
    const second = sampler.watch('a', (sample) => seen[1]?.push(sample?.readAt));
    expect(take).toHaveBeenCalledTimes(2);
    await vi.advanceTimersByTimeAsync(3000);
    expect(take).toHaveBeenCalledTimes(5);
    expect(seen[1]).toEqual(seen[0]?.slice(1));
    first();
    second();
    expect(sampler.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    await vi.advanceTimersByTimeAsync(5000);
    expect(take).toHaveBeenCalledTimes(5);
  });

  test('gives what was seen before, and tells when a container is gone', async () => {
    let there = true;
    const sampler = new Sampler((_id, now) => (there ? sampleAt(now) : undefined));
    const seen: [boolean, boolean][] = [];
    sampler.watch('a', (sample, before) => seen.push([sample !== undefined, before !== undefined]));
    await vi.advanceTimersByTimeAsync(1001);
    there = false;
    await vi.advanceTimersByTimeAsync(1001);
    expect(seen).toEqual([
      [true, false],
      [true, true],
      [false, true],
    ]);
    expect(sampler.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
