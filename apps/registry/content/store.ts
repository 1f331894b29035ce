import { KeyedLock } from '@berth/kit';
import type { StorageDriver } from '../storage/driver.ts';
import { Pointers } from './pointers.ts';
import { SharedLock } from './shared-lock.ts';
import { Uses } from './uses.ts';

/**
 * The objects and who may change them when. Order of locks: `repositories`, then `contents`.
 */
export interface Store {
  readonly driver: StorageDriver;
  /** By repository: what adds to it shares, what removes from it is alone. */
  readonly repositories: SharedLock;
  /** By digest: bytes are linked or removed, never both at once. */
  readonly contents: KeyedLock;
  readonly uses: Uses;
  /** Tags, by the manifests that they point at. */
  readonly tags: Pointers;
  /** Manifests, by the blobs that they need. */
  readonly users: Pointers;
  /** What nothing points at is left alone for so long: its manifest may be on its way. Milliseconds. */
  readonly graceMs: number;
  readonly now: () => number;
}

export function openStore(driver: StorageDriver, graceMs: number, now: () => number = Date.now): Store {
  const uses = new Uses(graceMs, now);
  return {
    driver,
    repositories: new SharedLock(),
    contents: new KeyedLock(),
    uses,
    tags: new Pointers(),
    users: new Pointers(),
    graceMs,
    now,
  };
}
