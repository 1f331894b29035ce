import { realpathSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import { type MountEntry, readMountTable } from '../../linux/mount-table.ts';
import type { MountPoint } from '../parse/parse-mounts.ts';

/**
 * Mounts can only be passed on from a source that is shared on the host, and received from one that is shared or
 * itself receives. Errors: invalid, in Docker's words.
 */
export function checkPropagation({ source, propagation, defaultPropagation }: MountPoint): void {
  if (propagation === '' || propagation.endsWith('private') || defaultPropagation) return;
  const entry = mountOf(realpathSync(source));
  const has = (kind: string) => entry.propagation.some((field) => field.startsWith(`${kind}:`));
  const wrong = (needed: string) =>
    new BerthError('invalid', `path ${source} is mounted on ${entry.mountPoint} but it is not a ${needed} mount`, {
      hint: `Make it one first: mount --make-rshared ${entry.mountPoint}`,
    });
  if (propagation.endsWith('shared') && !has('shared')) throw wrong('shared');
  if (propagation.endsWith('slave') && !has('shared') && !has('master')) throw wrong('shared or slave');
}

/** The mount that a path lies on: the nearest one above, and of several at one place the last. */
function mountOf(path: string): MountEntry {
  let found: MountEntry | undefined;
  for (const entry of readMountTable('self')) {
    const { mountPoint } = entry;
    const covers = mountPoint === '/' || path === mountPoint || path.startsWith(`${mountPoint}/`);
    if (covers && mountPoint.length >= (found?.mountPoint.length ?? 0)) found = entry;
  }
  if (!found) throw new BerthError('internal', `no mount has ${path}`);
  return found;
}
