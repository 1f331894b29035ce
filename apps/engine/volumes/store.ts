import { type Database, migrate } from '../state/database.ts';
import type { VolumeRecord } from './model.ts';

const MIGRATIONS = [
  `CREATE TABLE volumes (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     record TEXT NOT NULL
   ) STRICT`,
];

/** All volumes. Rows are the truth across restarts; the maps are the same facts for quick reading, written through. */
export class VolumeStore {
  readonly #db: Database;
  readonly #byId = new Map<string, VolumeRecord>();
  readonly #idByName = new Map<string, string>();

  constructor(db: Database) {
    this.#db = db;
    migrate(db, 'volumes', MIGRATIONS);
    for (const row of db.prepare('SELECT record FROM volumes').all()) this.#remember(JSON.parse(String(row['record'])));
  }

  all(): IterableIterator<VolumeRecord> {
    return this.#byId.values();
  }

  get(id: string): VolumeRecord | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): VolumeRecord | undefined {
    return this.#byId.get(this.#idByName.get(name) ?? '');
  }

  /** Adds a volume or replaces what is known of it; on disk after the next flush. */
  save(record: VolumeRecord): VolumeRecord {
    this.#db
      .prepare(
        `INSERT INTO volumes VALUES (?, ?, ?)
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, record = excluded.record`,
      )
      .run(record.id, record.name, JSON.stringify(record));
    const before = this.#byId.get(record.id);
    if (before) this.#idByName.delete(before.name);
    this.#remember(record);
    return record;
  }

  delete(id: string): void {
    this.#db.prepare('DELETE FROM volumes WHERE id = ?').run(id);
    const record = this.#byId.get(id);
    this.#byId.delete(id);
    if (record) this.#idByName.delete(record.name);
  }

  #remember(record: VolumeRecord): void {
    this.#byId.set(record.id, record);
    this.#idByName.set(record.name, record.id);
  }
}
