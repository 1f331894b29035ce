import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../state/database.ts';
import { CacheStore, type KeptInputs, type StepRow } from './store.ts';

let folder: string;
let db: Database;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-build-cache-'));
  db = openDatabase(join(folder, 'berth.db'));
});
afterEach(() => {
  db.close();
  rmSync(folder, { recursive: true, force: true });
});

const step: StepRow = {
  ...{ key: 'k1', image: 'sha256:1', parent: '', description: 'RUN x' },
  ...{ size: 3, created: 5, used: 7, uses: 0 },
};
const inputs: KeptInputs = {
  ...{ base: 'sha256:0', instruction: 'x', arguments: { A: '1' }, settings: {}, filesDigest: '' },
  files: [{ path: 'a', kind: 'file 0644 0:0', content: '1' }],
};

test('a step is found with its inputs, before and after it is written, and goes with them', () => {
  const cache = new CacheStore(db);
  cache.add(step, inputs);
  expect([cache.find('k1')?.image, cache.inputsOf('k1')]).toEqual(['sha256:1', inputs]);
  cache.settle(['k1', 'unknown']);
  expect(cache.pending.size).toBe(0);
  expect([cache.find('k1'), cache.inputsOf('k1'), cache.isCached('sha256:1')]).toEqual([step, inputs, true]);
  cache.remove(['k1']);
  expect([cache.find('k1'), cache.inputsOf('k1'), cache.isCached('sha256:1')]).toEqual([undefined, undefined, false]);
});

test('what an earlier version wrote stays', () => {
  // As it was with version 1 of these tables.
  db.exec(`
    CREATE TABLE build_steps (
      key TEXT PRIMARY KEY, image TEXT NOT NULL, parent TEXT NOT NULL, description TEXT NOT NULL, size INTEGER NOT NULL,
      created INTEGER NOT NULL, used INTEGER NOT NULL, uses INTEGER NOT NULL, inputs BLOB NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX build_steps_by_image ON build_steps (image);
    CREATE TABLE build_runs (name TEXT PRIMARY KEY, steps TEXT NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE build_trees (key TEXT PRIMARY KEY, digest TEXT NOT NULL, used INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO schema_version VALUES ('build', 1);
    INSERT INTO build_runs VALUES ('name', '[{"stage":"s","text":"RUN x","key":"k1"}]', 9);`);
  db.prepare('INSERT INTO build_steps VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)').run(
    ...['k1', 'sha256:1', '', 'RUN x', 3, 5, 7, 0],
    deflateRawSync(JSON.stringify(inputs)),
  );
  const cache = new CacheStore(db);
  expect([cache.find('k1'), cache.inputsOf('k1')]).toEqual([step, inputs]);
  expect(cache.run('name')).toEqual([{ stage: 's', text: 'RUN x', key: 'k1' }]);
});
