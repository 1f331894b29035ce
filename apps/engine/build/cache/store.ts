import { createHash } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import type { Digest } from '@berth/oci';
import { type Database, migrate, transaction } from '../../state/database.ts';

const MIGRATIONS = [
  `CREATE TABLE build_steps (
     key TEXT PRIMARY KEY,
     image TEXT NOT NULL,
     parent TEXT NOT NULL,
     description TEXT NOT NULL,
     size INTEGER NOT NULL,
     created INTEGER NOT NULL,
     used INTEGER NOT NULL,
     uses INTEGER NOT NULL,
     inputs BLOB NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE INDEX build_steps_by_image ON build_steps (image);
   CREATE TABLE build_runs (
     name TEXT PRIMARY KEY,
     steps TEXT NOT NULL,
     at INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE build_trees (
     key TEXT PRIMARY KEY,
     digest TEXT NOT NULL,
     used INTEGER NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  // What is long lives apart from what is looked up: a table without row ids is read as a whole on the way to a key.
  `CREATE TABLE build_inputs (key TEXT PRIMARY KEY, inputs BLOB NOT NULL) STRICT;
   INSERT INTO build_inputs SELECT key, inputs FROM build_steps;
   ALTER TABLE build_steps DROP COLUMN inputs;
   CREATE TABLE new_runs (name TEXT PRIMARY KEY, steps TEXT NOT NULL, at INTEGER NOT NULL) STRICT;
   INSERT INTO new_runs SELECT name, steps, at FROM build_runs;
   DROP TABLE build_runs;
   ALTER TABLE new_runs RENAME TO build_runs;`,
];

/** A file that a step took in, as far as it matters: everything but its time. */
export interface FileFact {
  path: string;
  /** Type, mode and owner in one word: `file 0644 0:0`. */
  kind: string;
  /** Digest of its content, or a link's target. */
  content: string;
}

/** All that decides what a step makes. Two steps with the same inputs have the same result. */
export interface StepInputs {
  /** The image that it is done on; '' is scratch. */
  base: string;
  /** What is done, with variables replaced. */
  instruction: string;
  /** Arguments and variables of the environment that it sees. */
  arguments: Record<string, string>;
  /** Everything else: network, mounts, flags. */
  settings: Record<string, string>;
  /** Digest of `files`; '' where it takes none. */
  filesDigest: string;
}

export interface StepRow {
  key: string;
  image: Digest;
  parent: Digest | '';
  description: string;
  size: number;
  created: number;
  used: number;
  uses: number;
}

/** What is kept to say why a step was built anew. */
export interface KeptInputs extends StepInputs {
  files: FileFact[];
}

type Row = Record<string, unknown>;

/** Steps that were done, by what decided them: by this engine itself, or as a cache has them that a user named. */
export class CacheStore {
  readonly db: Database;
  readonly #byKey;
  readonly #touch;
  readonly #cached;
  /** Steps that were taken from here since the last `note`. */
  readonly touched = new Set<string>();
  /** Of builds that are under way: their images have no rows yet. */
  readonly pending = new Map<string, StepRow & { inputs: KeptInputs }>();

  constructor(db: Database) {
    migrate(db, 'build', MIGRATIONS);
    this.db = db;
    this.#byKey = db.prepare('SELECT * FROM build_steps WHERE key = ?');
    this.#touch = db.prepare('UPDATE build_steps SET used = ?, uses = uses + 1 WHERE key = ?');
    this.#cached = db.prepare('SELECT 1 FROM build_steps WHERE image = ? LIMIT 1');
  }

  find(key: string): StepRow | undefined {
    const pending = this.pending.get(key);
    if (pending) return pending;
    const row = this.#byKey.get(key);
    return row && toStep(row);
  }

  inputsOf(key: string): KeptInputs | undefined {
    const pending = this.pending.get(key);
    if (pending) return pending.inputs;
    const row = this.db.prepare('SELECT inputs FROM build_inputs WHERE key = ?').get(key);
    return row && unpackInputs(row.inputs);
  }

  /** Writes what was used and how a build was done. Worth no flush: it is for choosing and explaining only. */
  note(name: string, steps: readonly RunStep[]): void {
    transaction(this.db, () => {
      const now = Date.now();
      for (const key of this.touched) this.#touch.run(now, key);
      this.touched.clear();
      if (steps.length > 0) this.#putRun(name, steps);
    });
  }

  isCached(image: Digest): boolean {
    return this.#cached.get(image) !== undefined;
  }

  add(step: StepRow, inputs: KeptInputs): void {
    this.pending.set(step.key, { ...step, inputs });
  }

  /** Writes those whose images have rows now. */
  settle(keys: readonly string[]): void {
    const insert = this.db.prepare('INSERT OR REPLACE INTO build_steps VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    const keep = this.db.prepare('INSERT OR REPLACE INTO build_inputs VALUES (?, ?)');
    for (const key of keys) {
      const step = this.pending.get(key);
      if (!step) continue;
      const { image, parent, description, size, created, used, uses, inputs } = step;
      insert.run(key, image, parent, description, size, created, used, uses);
      keep.run(key, packInputs(inputs));
      this.pending.delete(key);
    }
  }

  all(): StepRow[] {
    return this.db.prepare('SELECT * FROM build_steps ORDER BY used').all().map(toStep);
  }

  remove(keys: readonly string[]): void {
    for (const table of ['build_steps', 'build_inputs']) {
      const remove = this.db.prepare(`DELETE FROM ${table} WHERE key = ?`);
      for (const key of keys) remove.run(key);
    }
  }

  /** The steps of the last build of a name: `key` and what was written. */
  run(name: string): RunStep[] {
    const row = this.db.prepare('SELECT steps FROM build_runs WHERE name = ?').get(name);
    return row ? (JSON.parse(String(row.steps)) as RunStep[]) : [];
  }

  #putRun(name: string, steps: readonly RunStep[]): void {
    this.db.prepare('INSERT OR REPLACE INTO build_runs VALUES (?, ?, ?)').run(name, JSON.stringify(steps), Date.now());
    this.db
      .prepare('DELETE FROM build_runs WHERE name NOT IN (SELECT name FROM build_runs ORDER BY at DESC LIMIT ?)')
      .run(RUNS_MAX);
  }

  tree(key: string): string | undefined {
    const row = this.db.prepare('SELECT digest FROM build_trees WHERE key = ?').get(key);
    return row && String(row.digest);
  }

  putTree(key: string, digest: string): void {
    this.db.prepare('INSERT OR REPLACE INTO build_trees VALUES (?, ?, ?)').run(key, digest, Date.now());
    this.db
      .prepare('DELETE FROM build_trees WHERE key NOT IN (SELECT key FROM build_trees ORDER BY used DESC LIMIT ?)')
      .run(TREES_MAX);
  }
}

/** A step of a build as it was last done, to compare with. */
export interface RunStep {
  stage: string;
  text: string;
  key: string;
}

const RUNS_MAX = 500;
const TREES_MAX = 5000;

/** The name of a step's result. Never changes for the same inputs; `VERSION` changes with what steps do. */
export function keyOf({ base, instruction, arguments: args, settings, filesDigest }: StepInputs): string {
  const sorted = (values: Record<string, string>) => Object.entries(values).sort(([a], [b]) => (a < b ? -1 : 1));
  const all = JSON.stringify([VERSION, base, instruction, sorted(args), sorted(settings), filesDigest]);
  return createHash('sha256').update(all).digest('hex');
}

const VERSION = 1;

/** Files in the order of their paths; the same files give the same digest. */
export function digestOfFiles(files: readonly FileFact[]): string {
  const hash = createHash('sha256');
  for (const { path, kind, content } of files) hash.update(`${path}\0${kind}\0${content}\0`);
  return hash.digest('hex');
}

/** What is longer is not kept: a difference in it is told as one of all files. */
const FILES_KEPT = 20_000;

function packInputs(inputs: KeptInputs): Buffer {
  const kept = inputs.files.length > FILES_KEPT ? { ...inputs, files: [] } : inputs;
  return deflateRawSync(JSON.stringify(kept), { level: 1 });
}

function unpackInputs(bytes: unknown): KeptInputs | undefined {
  if (!(bytes instanceof Uint8Array)) return undefined;
  return JSON.parse(inflateRawSync(bytes).toString('utf8')) as KeptInputs;
}

function toStep(row: Row): StepRow {
  return {
    key: String(row.key),
    image: String(row.image) as Digest,
    parent: String(row.parent) as Digest | '',
    description: String(row.description),
    size: Number(row.size),
    created: Number(row.created),
    used: Number(row.used),
    uses: Number(row.uses),
  };
}
