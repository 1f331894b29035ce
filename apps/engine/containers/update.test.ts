import { expect, test } from 'vitest';
import { decodeHostConfig } from './parse/parse-create-body.ts';
import { changeOf } from './update.ts';

const wish = (body: Record<string, unknown>) => decodeHostConfig(body);

test('only what was given changes in the kernel', () => {
  expect(changeOf(wish({}), { swap: true })).toEqual({});
  expect(changeOf(wish({ NanoCpus: 1_500_000_000, PidsLimit: 0, Memory: 5, MemorySwap: -1 }), { swap: true })).toEqual({
    ...{ cpuPeriod: 100_000, cpuQuota: 150_000, pids: -1, memory: 5, memoryAndSwap: -1 },
  });
});

test('without swap accounting there is no file of it', () => {
  expect(changeOf(wish({ Memory: 5, MemorySwap: -1 }), { swap: false })).toEqual({ memory: 5 });
});
