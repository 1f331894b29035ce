import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import { BerthError } from '@berth/kit';

export type { DatabaseSync as Database } from 'node:sqlite';

/**
 * Opens the engine's database: one writer, WAL. Durability is per write: `durably` for what was acknowledged to a
 * client, plain statements for what can be observed again.
 */
export function openDatabase(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  db.exec(
    'PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON; PRAGMA busy_timeout = 2000;',
  );
  db.exec('CREATE TABLE IF NOT EXISTS schema_version (domain TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT');
  keepReserve(db);
  return db;
}

/**
 * Brings the tables of one domain up to date. `steps[n]` leads from version n to n+1 and never changes once released.
 * A database written by a newer Berth is refused.
 */
export function migrate(db: DatabaseSync, domain: string, steps: readonly string[]): void {
  const row = db.prepare('SELECT version FROM schema_version WHERE domain = ?').get(domain);
  const at = Number(row?.['version'] ?? 0);
  if (at > steps.length) {
    throw new BerthError(
      'conflict',
      `the data root was written by a newer Berth: tables of "${domain}" have version ${at}, this engine knows ${steps.length}`,
      {
        hint: 'Start the newer Berth, or point --data-root at another directory.',
      },
    );
  }
  for (let version = at; version < steps.length; version++) {
    transaction(db, () => {
      db.exec(steps[version]!);
      db.prepare(
        'INSERT INTO schema_version VALUES (?, ?) ON CONFLICT (domain) DO UPDATE SET version = excluded.version',
      ).run(domain, version + 1);
    });
  }
}

/** Runs `work` in one transaction; rolls back when it throws. Not reentrant. */
export function transaction<T>(db: DatabaseSync, work: () => T): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    // A full disk has ended the transaction by itself.
    if (db.isTransaction) db.exec('ROLLBACK');
    throw isFull(error)
      ? new BerthError('unavailable', 'no space left on device', { cause: error, hint: FULL })
      : error;
  }
}

const FULL = 'Free some space below the data root; `berth system df` shows what Berth holds.';
const SQLITE_FULL = 13;

function isFull(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_FULL;
}

const flushes = new WeakMap<DatabaseSync, { running: Promise<void> | undefined; next: Promise<void> | undefined }>();

/**
 * Resolves when all that was committed until now is on disk (survives a power cut): the write-ahead log is flushed off
 * the event loop, once for all who ask at about the same time.
 */
export function flushed(db: DatabaseSync): Promise<void> {
  const state = flushes.get(db) ?? { running: undefined, next: undefined };
  flushes.set(db, state);
  const begin = (): Promise<void> => {
    state.next = undefined;
    state.running = flushLog(db).finally(() => {
      state.running = undefined;
    });
    return state.running;
  };
  // A flush that runs may have begun before the last commit: that one needs the next.
  state.next ??= state.running ? state.running.then(begin, begin) : undefined;
  return state.next ?? begin();
}

async function flushLog(db: DatabaseSync): Promise<void> {
  const log = await open(`${db.location()}-wal`, 'r+');
  try {
    await log.datasync();
  } finally {
    await log.close();
  }
}

/**
 * Like `durably`, for what makes room: on a full disk the database takes the space that it keeps for this, and `work` is
 * done once more. `keepReserve` takes it back when there is room.
 */
export function durablyEvenIfFull<T>(db: DatabaseSync, work: () => T): T {
  try {
    return durably(db, work);
  } catch (error) {
    const reserve = reserveOf(db);
    if (!(error instanceof BerthError && isFull(error.cause)) || reserve === undefined || !existsSync(reserve))
      throw error;
    rmSync(reserve);
    return durably(db, work);
  }
}

/** More than the log grows by what removing anything writes. */
const RESERVE_BYTES = 512 * 1024;

/** Sees to it that there is space that the database can have when there is no other. */
export function keepReserve(db: DatabaseSync): void {
  const reserve = reserveOf(db);
  if (reserve === undefined || existsSync(reserve)) return;
  try {
    // Real bytes: file systems keep no space for holes.
    writeFileSync(reserve, Buffer.alloc(RESERVE_BYTES, 0x20), { mode: 0o600 });
  } catch {
    rmSync(reserve, { force: true }); // No room for it yet.
  }
}

function reserveOf(db: DatabaseSync): string | undefined {
  const path = db.location();
  return path === null ? undefined : `${path}-reserve`;
}

/** Like `transaction`, and on disk when it returns (survives a power cut). */
export function durably<T>(db: DatabaseSync, work: () => T): T {
  db.exec('PRAGMA synchronous = FULL');
  try {
    return transaction(db, work);
  } finally {
    db.exec('PRAGMA synchronous = NORMAL');
  }
}
