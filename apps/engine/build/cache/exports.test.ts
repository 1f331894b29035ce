import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CacheExports } from './exports.ts';

let closed: string[];
beforeEach(() => {
  closed = [];
});
afterEach(() => {
  vi.useRealTimers();
});

const layout = (name: string) => ({
  async *archive() {
    yield Buffer.from(name);
  },
  close: async () => void closed.push(name),
});

describe('exported caches', () => {
  it('are fetched once, and let go of when that is over', async () => {
    const exports = new CacheExports();
    const id = await exports.add(layout('one'));
    const stream = exports.fetch(id);
    expect(closed).toEqual([]);
    expect(Buffer.concat(await stream.toArray()).toString()).toBe('one');
    await turn();
    expect(closed).toEqual(['one']);
    expect(() => exports.fetch(id)).toThrow('no such exported build cache');
  });

  it('are let go of when the client goes away before it has read anything', async () => {
    const exports = new CacheExports();
    exports.fetch(await exports.add(layout('one'))).destroy();
    await turn();
    expect(closed).toEqual(['one']);
  });

  it('are dropped when nobody comes, and at the end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const exports = new CacheExports();
    const id = await exports.add(layout('late'));
    vi.advanceTimersByTime(11 * 60 * 1000);
    expect(closed).toEqual(['late']);
    expect(() => exports.fetch(id)).toThrow('no such');
    await exports.add(layout('last'));
    await exports.close();
    expect(closed).toEqual(['late', 'last']);
  });

  it('are refused when too many wait', async () => {
    const exports = new CacheExports();
    for (let n = 0; n < 64; n++) await exports.add(layout(`${n}`));
    await expect(exports.add(layout('more'))).rejects.toThrow('too many');
    expect(closed).toEqual(['more']);
    await exports.close();
  });
});
