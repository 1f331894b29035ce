import { closeSync, fstatSync, readlinkSync, statfsSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { type MountEntry, readMountTable } from '../../linux/mount-table.ts';
import { O, openInRoot } from '../../linux/open-in-root.ts';
import type { RuntimeSpec } from '../spec/runtime-spec.ts';

const TMPFS_MAGIC = 0x01021994;
/** Device number 1:3, /dev/null, in the kernel's 12:20 encoding as stat(2) gives it. */
const NULL_DEVICE = (1 << 8) | 3;

/**
 * Looks at a container that was created and whose program does not run yet: /proc is a proc with nothing foreign in it,
 * what is to be masked is masked by nothing but emptiness, what is to be read-only is so. Runtimes have got this wrong
 * where files of the container were links or were exchanged meanwhile (CVE-2023-27561, CVE-2025-31133, CVE-2025-52565,
 * CVE-2025-52881); from here on nobody outside can change these mounts any more. Errors: invalid.
 */
export function verifyMounts(pid: number, { linux, mounts }: RuntimeSpec): void {
  const table = readMountTable(pid);
  const root = `/proc/${pid}/root`;
  const proc = table.findLast(({ mountPoint }) => mountPoint === '/proc');
  if (proc?.fileSystem !== 'proc') throw refused('"/proc" cannot be mounted because it is not of type proc');
  const expected = new Set([...linux.maskedPaths, ...linux.readonlyPaths, ...mounts.map((m) => m.destination)]);
  const ownProc = mounts.some(({ destination, type }) => destination === '/proc' && type === 'bind');
  const foreign = ownProc
    ? undefined
    : table.find((m) => isBelow(m.mountPoint, '/proc') && !expected.has(m.mountPoint));
  if (foreign) throw refused(`"${foreign.mountPoint}" cannot be mounted because it is inside /proc`);
  for (const path of linux.maskedPaths) withFile(root, path, (fd) => checkMasked(fd, path));
  for (const path of linux.readonlyPaths) withFile(root, path, (fd) => checkReadOnly(fd, path, table));
}

function checkMasked(fd: number, path: string): void {
  const stat = fstatSync(fd);
  const hidden = stat.isDirectory()
    ? statfsSync(`/proc/self/fd/${fd}`).type === TMPFS_MAGIC
    : stat.isCharacterDevice() && stat.rdev === NULL_DEVICE;
  if (!hidden) throw refused(`"${path}" is not masked`);
}

function checkReadOnly(fd: number, path: string, table: MountEntry[]): void {
  const place = readlinkSync(`/proc/self/fd/${fd}`);
  const entry = table.findLast(({ mountPoint }) => mountPoint === place);
  const itself = !isBelow(place, '/proc') || entry?.root === place.slice('/proc'.length) || entry?.root === place;
  if (!entry?.options.includes('ro') || !itself) throw refused(`"${path}" is not read-only`);
}

/** What the container does not have needs no protection. */
function withFile(root: string, path: string, look: (fd: number) => void): void {
  let fd: number;
  try {
    fd = openInRoot(root, path, O.PATH);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errnoOf(error) ?? '')) return;
    throw error;
  }
  try {
    look(fd);
  } finally {
    closeSync(fd);
  }
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(`${directory}/`);
}

function refused(what: string): BerthError {
  return new BerthError('invalid', `the container was not isolated as it must be: ${what}`, {
    hint: 'Its image or a mounted directory has links where the system expects files of its own.',
  });
}
