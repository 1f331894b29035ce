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
/** Of executions only the newest so many are kept: health checks make three every few seconds, which would push out all else. */
const KEEP_EXECUTIONS = 20_000;

export interface EventStore {
  /** Writes events in one transaction. */
  append(events: readonly EngineEvent[]): void;
  /** Events of a time range (0n = open end) in order, read page by page; later ones than those present at the call are left out. */
  read(since: bigint, until: bigint): Iterable<EngineEvent>;
  /** Forgets what is older than `oldest`, what is beyond the newest `keep`, and executions much sooner. */
  trim(oldest: bigint, keep: number): void;
}

export function openEventStore(db: Database): EventStore {
  migrate(db, 'events', STEPS);
  const insert = db.prepare(
    'INSERT INTO events (time_nano, type, action, actor_id, attributes) VALUES (?, ?, ?, ?, ?)',
  );
  const newest = db.prepare('SELECT coalesce(max(seq), 0) AS seq FROM events');
  const trimByTime = db.prepare('DELETE FROM events WHERE time_nano < ?');
  const trimExecutions = db.prepare(
    "DELETE FROM events WHERE seq > ? AND seq <= ? AND action LIKE 'exec\\_%' ESCAPE '\\'",
  );
  const count = db.prepare('SELECT count(*) AS count FROM events');
  const trimOldest = db.prepare('DELETE FROM events WHERE seq IN (SELECT seq FROM events ORDER BY seq LIMIT ?)');
  let executionsTrimmed = 0;
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
      trimByTime.run(oldest);
      const executionsUntil = Math.max(executionsTrimmed, last() - KEEP_EXECUTIONS);
      trimExecutions.run(executionsTrimmed, executionsUntil);
      executionsTrimmed = executionsUntil;
      const beyond = Number(count.get()?.['count'] ?? 0) - keep;
      if (beyond > 0) trimOldest.run(beyond);
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
