import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { BerthError, type Scope } from '@berth/kit';

const LOCK = 'registry.lock';

/**
 * Takes the root for this process until the scope closes: one process at a time writes there. The lock is that of an
 * SQLite file, which the kernel lets go when the process ends, however it does. Errors: conflict, unavailable.
 */
export function claimRoot(root: string, scope: Scope): void {
  let database: DatabaseSync;
  try {
    mkdirSync(root, { recursive: true, mode: 0o700 });
    database = new DatabaseSync(join(root, LOCK));
  } catch (cause) {
    throw unusable(root, cause);
  }
  try {
    database.exec('PRAGMA busy_timeout = 0; BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new BerthError('conflict', `another registry is using the root ${root}`, { cause });
  }
  scope.add('let go of the root', () => database.close());
}

/** Whether a registry has used this root, or one was copied there. */
export function hasRegistry(root: string): boolean {
  return [LOCK, 'blobs', 'repositories'].some((name) => existsSync(join(root, name)));
}

/** Whether the root could be made or be written to; makes nothing. Errors: unavailable. */
export function checkRoot(root: string): void {
  try {
    let existing = root;
    while (!statSync(existing, { throwIfNoEntry: false })) existing = dirname(existing);
    if (!statSync(existing).isDirectory()) throw new Error(`${existing} is no folder`);
    accessSync(existing, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw unusable(root, cause);
  }
}

function unusable(root: string, cause: unknown): BerthError {
  const why = cause instanceof Error ? cause.message : cause;
  return new BerthError('unavailable', `cannot use the root ${root}: ${why}`, { cause });
}
