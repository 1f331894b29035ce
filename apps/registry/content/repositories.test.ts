import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { openDisk } from '../storage/disk.ts';
import { repositories, repositoriesAfter } from './repositories.ts';
import { openStore } from './store.ts';

const roots: string[] = [];
afterAll(() => {
  for (const root of roots) rmSync(root, { recursive: true, force: true });
});

async function storeWith(names: readonly string[]) {
  const root = mkdtempSync(join(tmpdir(), 'berth-repositories-'));
  roots.push(root);
  const store = openStore(openDisk(root), 1000);
  for (const name of names) await store.driver.write(`repositories/${name}/_tags/1`, Buffer.from('x'));
  return store;
}

async function all(names: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const name of names) found.push(name);
  return found;
}

test('from any name on, in one order: as if all were sorted', async () => {
  const part = fc.constantFrom('a', 'b', 'a-b', 'a.b', 'a0', 'z');
  const name = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
  const last = fc.oneof(name, fc.constantFrom('', 'a/', 'a-', 'a/b', 'zz', 'A'));
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(name, { maxLength: 12 }), last, async (names, from) => {
      const store = await storeWith(names);
      const sorted = [...names].sort();
      expect((await all(repositories(store))).sort()).toEqual(sorted);
      expect(await all(repositoriesAfter(store, from))).toEqual(sorted.filter((one) => one > from));
    }),
    { numRuns: 60 },
  );
});

test('what lies before the place is not looked at, nor what comes after the page', async () => {
  const names = Array.from({ length: 50 }, (_, n) => `team${String(n).padStart(2, '0')}/app`);
  const store = await storeWith(names);
  const { driver } = store;
  let looks = 0;
  const children = (prefix: string) => {
    looks++;
    return driver.children(prefix);
  };
  const found = repositoriesAfter({ ...store, driver: { ...driver, children } }, 'team40/app');
  expect((await found.next()).value).toBe('team41/app');
  await found.return(undefined);
  expect(looks).toBeLessThan(10);
});
