import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResolvedMount } from '@berth/dockerfile';
import { Scope } from '@berth/kit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cacheDirectories, holdCache, removeCache } from './cache-mounts.ts';

let dataRoot: string;
beforeEach(() => {
  dataRoot = mkdtempSync(join(tmpdir(), 'berth-caches-'));
});
afterEach(() => rmSync(dataRoot, { recursive: true }));

const MOUNT: ResolvedMount = {
  ...{ type: 'cache', target: '/c', readonly: false, required: false, root: undefined, from: undefined },
  ...{ source: undefined, id: undefined, sharing: undefined, size: undefined, mode: undefined, uid: undefined },
  ...{ gid: undefined, env: undefined },
};
const hold = (scope: Scope) =>
  holdCache(MOUNT, '/c', {
    build: {
      builder: { config: { dataRoot }, files: { writeTree: () => expect.fail('nothing is to be written') } },
      plan: { globals: new Map() },
      request: { buildArgs: {} },
    },
    rootOf: () => expect.fail('it has no root'),
    scope,
    signal: new AbortController().signal,
  });

it('a cache that a step began to use after it was listed is not removed', async () => {
  const first = new Scope();
  const path = await hold(first);
  writeFileSync(join(path, 'f'), 'x');
  await first.close();
  expect(cacheDirectories(dataRoot)).toEqual([expect.objectContaining({ path, inUse: false })]);

  const second = new Scope();
  expect(await hold(second)).toBe(path);
  expect(await removeCache(path)).toBe(false);
  expect(readdirSync(path)).toEqual(['f']);
  await second.close();
});

it('a step that asks for a cache that is being removed gets a new one', async () => {
  const scope = new Scope();
  const path = await hold(scope);
  writeFileSync(join(path, 'old'), 'x');
  await scope.close();
  const removed = removeCache(path);
  const next = new Scope();
  expect(await hold(next)).toBe(path);
  expect(await removed).toBe(true);
  expect(readdirSync(path)).toEqual([]);
  expect(readdirSync(join(dataRoot, 'build/cache'))).toHaveLength(1);
  await next.close();
});

it('what an engine before this one left unfinished counts as unused for ever', async () => {
  const left = ['a.0123abcd.draft', 'a.0123abcd.trash'].map((name) => join(dataRoot, 'build/cache', name));
  for (const path of left) mkdirSync(path, { recursive: true });
  for (const { path, inUse, used } of cacheDirectories(dataRoot)) {
    expect([inUse, used]).toEqual([false, 0]);
    await removeCache(path);
    expect(existsSync(path)).toBe(false);
  }
  expect(cacheDirectories(dataRoot)).toEqual([]);
});
