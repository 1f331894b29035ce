import { randomBytes } from 'node:crypto';
import type { Database } from '../state/database.ts';
import { migrate } from '../state/database.ts';
import type { NetworkRecord, NetworkSpec } from './model.ts';

/** Rows of networks. The three built-in ones are made at first use and keep their ids for ever. */
export class NetworkStore {
  readonly #db: Database;

  constructor(db: Database, now: () => number = Date.now) {
    this.#db = db;
    migrate(db, 'networks', STEPS);
    const insert = db.prepare(
      'INSERT INTO networks (id, name, driver, created_at, spec) VALUES (?, ?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
    );
    for (const [name, driver] of BUILT_IN)
      insert.run(
        randomBytes(32).toString('hex'),
        name,
        driver,
        now(),
        JSON.stringify({ subnet: '', gateway: '' } satisfies NetworkSpec),
      );
  }

  /** In order of creation. */
  list(): NetworkRecord[] {
    return this.#db
      .prepare('SELECT id, name, driver, created_at, spec FROM networks ORDER BY rowid')
      .all()
      .map(parseRow);
  }

  saveSpec(id: string, spec: NetworkSpec): void {
    this.#db.prepare('UPDATE networks SET spec = ? WHERE id = ?').run(JSON.stringify(spec), id);
  }
}

function parseRow(row: Record<string, unknown>): NetworkRecord {
  const spec: NetworkSpec = JSON.parse(String(row['spec']));
  return {
    id: String(row['id']),
    name: String(row['name']),
    driver: row['driver'] as NetworkRecord['driver'],
    createdAt: Number(row['created_at']),
    spec,
  };
}

const BUILT_IN = [
  ['bridge', 'bridge'],
  ['host', 'host'],
  ['none', 'null'],
] as const;

const STEPS = [
  `CREATE TABLE networks (
     id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, driver TEXT NOT NULL, created_at INTEGER NOT NULL, spec TEXT NOT NULL
   ) STRICT`,
];
