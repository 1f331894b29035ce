import type { SQLOutputValue, StatementSync } from 'node:sqlite';
import { type Database, migrate, transaction } from '../state/database.ts';
import type { EngineEvent } from './model.ts';

const STEPS = [
  `CREATE TABLE events (
     seq INTEGER PRIMARY KEY AUTOINCREMENT,
     time_nano INTEGER NOT NULL,
     type TEXT NOT NULL,
     action TEXT NOT NULL,
     actor_id TEXT NOT NULL,
     attributes TEXT NOT NULL
   ) STRICT;
   CREATE INDEX events_by_time ON events (time_nano);`,
];
const PAGE = 500;

export interface EventStore {
  /** Writes events in one transaction. */
  append(events: readonly EngineEvent[]): void;
  /** Events of a time range (0n = open end) in order, read page by page; later ones than those present at the call are left out. */
  read(since: bigint, until: bigint): Iterable<EngineEvent>;
  /** Forgets what is older than `oldest` and what is beyond the newest `keep`. */
  trim(oldest: bigint, keep: number): void;
}

export function openEventStore(db: Database): EventStore {
  migrate(db, 'events', STEPS);
  const insert = db.prepare(
    'INSERT INTO events (time_nano, type, action, actor_id, attributes) VALUES (?, ?, ?, ?, ?)',
  );
  const newest = db.prepare('SELECT coalesce(max(seq), 0) AS seq FROM events');
  const trim = db.prepare('DELETE FROM events WHERE time_nano < ? OR seq <= ?');
  const page = db.prepare(
    `SELECT seq, time_nano, type, action, actor_id, attributes FROM events
     WHERE seq > ? AND seq <= ? AND time_nano >= ? AND time_nano <= ? ORDER BY seq LIMIT ${PAGE}`,
  );
  page.setReadBigInts(true);
  const last = () => Number(newest.get()?.['seq'] ?? 0);
  return {
    append: (events) =>
      transaction(db, () => {
        for (const { timeNano, type, action, actorId, attributes } of events) {
          insert.run(timeNano, type, action, actorId, JSON.stringify(attributes));
        }
      }),
    read: (since, until) => pages(page, last(), since, until === 0n ? 2n ** 63n - 1n : until),
    trim: (oldest, keep) => {
      trim.run(oldest, last() - keep);
    },
  };
}

function* pages(page: StatementSync, end: number, since: bigint, until: bigint): Generator<EngineEvent> {
  for (let at = 0n; ; ) {
    const rows = page.all(at, end, since, until);
    for (const row of rows) yield eventOf(row);
    if (rows.length < PAGE) return;
    at = BigInt(rows.at(-1)!['seq'] as bigint);
  }
}

function eventOf(row: Record<string, SQLOutputValue>): EngineEvent {
  return {
    type: row['type'] as EngineEvent['type'],
    action: String(row['action']),
    actorId: String(row['actor_id']),
    attributes: JSON.parse(String(row['attributes'])) as Record<string, string>,
    timeNano: row['time_nano'] as bigint,
  };
}
