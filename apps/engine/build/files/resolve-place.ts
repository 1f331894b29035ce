import { lstatSync, readlinkSync } from 'node:fs';
import { BerthError } from '@berth/kit';

/** As the kernel counts, with room: parts of one path. */
const LINKS_MAX = 255;

/**
 * Where a path leads below the calling thread's root when all links on the way are followed, those to nothing included:
 * what is missing at the end is to be made there. Absolute; bytes as latin1 characters. Errors: invalid for links in circles.
 */
export function resolvePlace(path: string): string {
  let left = path.split('/');
  let at: string[] = [];
  for (let links = 0, part = left.shift(); part !== undefined; part = left.shift()) {
    if (part === '' || part === '.') continue;
    if (part === '..') {
      at.pop();
      continue;
    }
    const here = Buffer.from(`/${[...at, part].join('/')}`, 'latin1');
    const stat = lstatSync(here, { throwIfNoEntry: false });
    if (!stat?.isSymbolicLink()) {
      at.push(part);
      continue;
    }
    if (++links > LINKS_MAX) throw new BerthError('invalid', `too many links in ${path}`);
    const target = readlinkSync(here, 'buffer').toString('latin1');
    if (target.startsWith('/')) at = [];
    left = [...target.split('/'), ...left];
  }
  return `/${at.join('/')}`;
}
