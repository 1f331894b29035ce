import { randomBytes } from 'node:crypto';
import type { Database } from '../state/database.ts';
import { migrate } from '../state/database.ts';
import { type DriverName, type NetworkRecord, type NetworkSpec, NO_SPEC } from './model.ts';
import type { ClusterEndpoint } from './overlay/model.ts';

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
      insert.run(randomBytes(32).toString('hex'), name, driver, now(), JSON.stringify(NO_SPEC));
  }

  /** In order of creation. */
  list(): NetworkRecord[] {
    return this.#db
      .prepare('SELECT id, name, driver, created_at, spec FROM networks ORDER BY rowid')
      .all()
      .map(parseRow);
  }

  insert({ id, name, driver, createdAt, spec }: NetworkRecord): void {
    this.#db
      .prepare('INSERT INTO networks (id, name, driver, created_at, spec) VALUES (?, ?, ?, ?, ?)')
      .run(id, name, driver, createdAt, JSON.stringify(spec));
  }

  delete(id: string): void {
    this.#db.prepare('DELETE FROM networks WHERE id = ?').run(id);
  }

  /** Containers of other hosts, as last heard of. */
  remoteEndpoints(): (ClusterEndpoint & { key: string })[] {
    return this.#db
      .prepare('SELECT record FROM remote_endpoints')
      .all()
      .map((row) => JSON.parse(String(row['record'])));
  }

  saveRemoteEndpoint(endpoint: ClusterEndpoint & { key: string }): void {
    this.#db
      .prepare(
        'INSERT INTO remote_endpoints (key, record) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET record = excluded.record',
      )
      .run(endpoint.key, JSON.stringify(endpoint));
  }

  deleteRemoteEndpoint(key: string): void {
    this.#db.prepare('DELETE FROM remote_endpoints WHERE key = ?').run(key);
  }

  saveSpec(id: string, spec: NetworkSpec): void {
    this.#db.prepare('UPDATE networks SET spec = ? WHERE id = ?').run(JSON.stringify(spec), id);
  }
}

/** The first version had the default bridge alone, with `subnet` and `gateway` as its whole spec. */
function parseRow(row: Record<string, unknown>): NetworkRecord {
  const { subnet, gateway, ...spec }: Partial<NetworkSpec> & { subnet?: string; gateway?: string } = JSON.parse(
    String(row['spec']),
  );
  const first = subnet ? [{ subnet, gateway: gateway ?? '', ipRange: '', aux: {}, wished: false }] : [];
  return {
    id: String(row['id']),
    name: String(row['name']),
    driver: row['driver'] as DriverName,
    createdAt: Number(row['created_at']),
    spec: { ...NO_SPEC, pools: first, ...spec },
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
  'CREATE TABLE remote_endpoints (key TEXT PRIMARY KEY, record TEXT NOT NULL) STRICT',
];
