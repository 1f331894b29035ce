import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../state/database.ts';
import type { ContainerRecord } from './model.ts';
import { sampleSpec } from './spec/spec-sample.ts';
import { ContainerStore } from './store.ts';

let dir: string;
let db: Database;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-store-'));
  db = openDatabase(join(dir, 'db'));
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true });
});

function record(id: string, name: string): ContainerRecord {
  return {
    ...{ id, name, createdAt: 0, imageId: 'sha256:a', restartCount: 0, stoppedByUser: false, sandbox: undefined },
    spec: sampleSpec(),
    state: { status: 'created', error: '', exitCode: 0 },
  };
}
const id = (prefix: string) => prefix.padEnd(64, '0');

test('names, ids and prefixes', async () => {
  const store = new ContainerStore(db);
  const [a, b] = [record(id('abc1'), 'one'), record(id('abc2'), 'abc1')];
  await store.insert(a);
  await store.insert(b);
  expect(store.resolve(a.id)).toBe(a);
  expect(store.resolve('/one')).toBe(a);
  expect(store.resolve('abc2')).toBe(b);
  expect(store.resolve('abc1')).toBe(b); // a name goes before a prefix
  expect(() => store.resolve('abc')).toThrow('multiple IDs found with provided prefix: abc');
  for (const unknown of ['', '/', 'x', 'ABC1', `${a.id}0`])
    expect(() => store.resolve(unknown), unknown).toThrow(`No such container: ${unknown}`);
});

test('a name is held once, also after renames and removals', async () => {
  const store = new ContainerStore(db);
  const [a, b] = [record(id('a'), 'x'), record(id('b'), 'y')];
  await store.insert(a);
  await store.insert(b);
  await expect(async () => store.insert(record(id('c'), 'x'))).rejects.toThrow();
  expect(store.get(id('c'))).toBeUndefined();
  store.save({ ...a, name: 'z' });
  expect(store.byName('x')).toBeUndefined();
  await store.insert(record(id('c'), 'x'));
  expect(store.resolve('z').id).toBe(a.id);
  store.delete(a.id);
  expect(store.byName('z')).toBeUndefined();
  expect([...store.all()].map(({ name }) => name).sort()).toEqual(['x', 'y']);
});

test('the next engine finds what was saved', async () => {
  const store = new ContainerStore(db);
  await store.insert(record(id('a'), 'x'));
  store.save({ ...store.get(id('a'))!, restartCount: 3 });
  await store.insert(record(id('b'), 'y'));
  store.delete(id('b'));
  db.close();
  db = openDatabase(join(dir, 'db'));
  const found = new ContainerStore(db);
  expect([...found.all()].map(({ name, restartCount }) => [name, restartCount])).toEqual([['x', 3]]);
});
