import { BerthError } from '@berth/kit';
import { type Database, flushed, migrate } from '../state/database.ts';
import type { ContainerRecord } from './model.ts';

const MIGRATIONS = [
  `CREATE TABLE containers (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     record TEXT NOT NULL
   ) STRICT`,
];

/** Told of every change, when it is stored. */
export interface StoreListener {
  changed(now: ContainerRecord, before: ContainerRecord): void;
  deleted(id: string): void;
}

/**
 * All containers. Rows are the truth across restarts; the map is the same facts for quick reading, written through.
 * Records are never changed in place: `save` takes a new one.
 */
export class ContainerStore {
  readonly #db: Database;
  readonly #byId = new Map<string, ContainerRecord>();
  readonly #idByName = new Map<string, string>();
  readonly #update;
  readonly listeners: StoreListener[] = [];

  constructor(db: Database) {
    this.#db = db;
    migrate(db, 'containers', MIGRATIONS);
    for (const row of db.prepare('SELECT record FROM containers').all())
      this.#remember(JSON.parse(String(row['record'])));
    this.#update = db.prepare('UPDATE containers SET name = ?, record = ? WHERE id = ?');
  }

  all(): IterableIterator<ContainerRecord> {
    return this.#byId.values();
  }

  get(id: string): ContainerRecord | undefined {
    return this.#byId.get(id);
  }

  byName(name: string): ContainerRecord | undefined {
    return this.#byId.get(this.#idByName.get(name) ?? '');
  }

  /** Full id, name (with or without slash), or unambiguous id prefix. Errors: not-found, invalid (ambiguous). */
  resolve(reference: string): ContainerRecord {
    const exact = this.#byId.get(reference) ?? this.byName(reference.replace(/^\//, ''));
    if (exact) return exact;
    if (/^[0-9a-f]{1,64}$/.test(reference)) {
      const found = [...this.#byId.keys()].filter((id) => id.startsWith(reference));
      if (found.length === 1) return this.#byId.get(found[0]!)!;
      if (found.length > 1) throw new BerthError('invalid', `multiple IDs found with provided prefix: ${reference}`);
    }
    throw new BerthError('not-found', `No such container: ${reference}`);
  }

  /**
   * Adds a container. It is known at once; the promise resolves when it is on disk, which one that removes itself at
   * its end need not be.
   */
  insert(record: ContainerRecord): Promise<void> {
    this.#db.prepare('INSERT INTO containers VALUES (?, ?, ?)').run(record.id, record.name, JSON.stringify(record));
    this.#remember(record);
    return record.spec.hostConfig.AutoRemove ? Promise.resolve() : flushed(this.#db);
  }

  /** Replaces what is known of a container. What it says can be observed again, so it is not flushed to disk at once. */
  save(record: ContainerRecord): ContainerRecord {
    this.#update.run(record.name, JSON.stringify(record), record.id);
    const before = this.#byId.get(record.id);
    if (before && before.name !== record.name) this.#idByName.delete(before.name);
    this.#remember(record);
    if (before) for (const listener of this.listeners) listener.changed(record, before);
    return record;
  }

  /**
   * Forgets a container. Not flushed: should a power cut bring the row back, its files are gone, and the next start
   * forgets it again (reconcile.ts).
   */
  delete(id: string): void {
    this.#db.prepare('DELETE FROM containers WHERE id = ?').run(id);
    const record = this.#byId.get(id);
    this.#byId.delete(id);
    if (record) this.#idByName.delete(record.name);
    for (const listener of this.listeners) listener.deleted(id);
  }

  #remember(record: ContainerRecord): void {
    this.#byId.set(record.id, record);
    this.#idByName.set(record.name, record.id);
  }
}
