import type { Digest } from '@berth/oci';
import { describe, expect, it } from 'vitest';
import { CACHE_MEMBER, type CacheRecord, cacheConfig, readRecords } from './records.ts';

const KEY = 'a'.repeat(64);
const OTHER = 'b'.repeat(64);
const LAYER: Digest = `sha256:${'1'.repeat(64)}`;
const CREATED = '2026-11-27T08:00:00.000Z';
const STEPS: CacheRecord[] = [
  { key: KEY, created: CREATED, layer: LAYER },
  { key: OTHER, created: CREATED, layer: undefined },
];

const read = (steps: unknown, diff_ids: unknown = [LAYER]) =>
  readRecords(Buffer.from(JSON.stringify({ [CACHE_MEMBER]: { steps }, rootfs: { type: 'layers', diff_ids } })));

describe('records of a build cache', () => {
  it('come back as they were written, in the same bytes each time', () => {
    const config = cacheConfig(STEPS, [LAYER]);
    expect(cacheConfig(STEPS, [LAYER])).toEqual(config);
    const { records, diffIds, ignored } = readRecords(config);
    expect([[...records.values()], diffIds, ignored]).toEqual([STEPS, [LAYER], 0]);
  });

  it.each([
    ['no object', 7],
    ['a key that is none', { key: '../x', created: CREATED }],
    ['a key in other letters', { key: KEY.toUpperCase(), created: CREATED }],
    ['no time', { key: KEY }],
    ['a time that is none', { key: KEY, created: 'now' }],
    ['a time written in another way', { key: KEY, created: '2026-11-27T08:00:00Z' }],
    ['a layer that is no digest', { key: KEY, created: CREATED, layer: 'x' }],
    ['a layer that the manifest has not', { key: KEY, created: CREATED, layer: `sha256:${'2'.repeat(64)}` }],
  ])('%s is ignored', (_, step) => {
    const { records, ignored } = read([step, { key: OTHER, created: CREATED }]);
    expect([[...records.keys()], ignored]).toEqual([[OTHER], 1]);
  });

  it('the first of two answers for a key counts', () => {
    const { records, ignored } = read([
      { key: KEY, created: CREATED },
      { key: KEY, created: CREATED, layer: LAYER },
    ]);
    expect([records.get(KEY)?.layer, ignored]).toEqual([undefined, 1]);
  });

  it.each([
    ['{', 'not JSON'],
    ['[]', 'not an object'],
    ['{}', 'no build cache of Berth'],
    [JSON.stringify({ [CACHE_MEMBER]: 1 }), 'no list of steps'],
    [JSON.stringify({ [CACHE_MEMBER]: { steps: [] }, rootfs: { diff_ids: ['x'] } }), 'no digest'],
    [JSON.stringify({ [CACHE_MEMBER]: { steps: Array(10_001).fill(0) } }), 'more than 10000'],
  ])('%# is refused', (text, why) => {
    expect(() => readRecords(Buffer.from(text))).toThrow(why);
  });
});
