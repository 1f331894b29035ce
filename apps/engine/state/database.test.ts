import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, durably, flushed, migrate, openDatabase, transaction } from './database.ts';

let dir: string;
let db: Database;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-db-'));
  db = openDatabase(join(dir, 'x.db'));
  migrate(db, 'things', ['CREATE TABLE things (name TEXT) STRICT']);
});
afterEach(() => {
  db.close();
  rmSync(dir, { recursive: true });
});

const names = () =>
  db
    .prepare('SELECT name FROM things ORDER BY name')
    .all()
    .map((row) => row['name']);

test('migrations run once each, in order, and a newer database is refused', () => {
  const steps = ['CREATE TABLE things (name TEXT) STRICT', "INSERT INTO things VALUES ('second step')"];
  migrate(db, 'things', steps);
  migrate(db, 'things', steps);
  expect(names()).toEqual(['second step']);
  expect(() => migrate(db, 'things', [])).toThrow(/newer Berth/);
});

test('a transaction that throws leaves nothing behind, durable or not', () => {
  for (const run of [transaction, durably]) {
    const work = () => {
      db.exec("INSERT INTO things VALUES ('lost')");
      throw new Error('no');
    };
    expect(() => run(db, work)).toThrow('no');
  }
  expect(names()).toEqual([]);
  expect(durably(db, () => 7)).toBe(7);
  expect(db.prepare('PRAGMA synchronous').get()).toEqual({ synchronous: 1 });
});

test('flushes are shared: many that ask at once cause two at most', async () => {
  db.exec("INSERT INTO things VALUES ('a')");
  const first = flushed(db);
  const others = Array.from({ length: 50 }, () => flushed(db));
  expect(new Set(others).size).toBe(1);
  expect(others[0]).not.toBe(first);
  await Promise.all([first, ...others]);
  await flushed(db); // and a later one still works
});
