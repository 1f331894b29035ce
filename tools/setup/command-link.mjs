// @ts-check
import { lstatSync, mkdirSync, readlinkSync, renameSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './report.mjs';

export const LINK = '/usr/local/bin/berth';
export const PROGRAM = join(ROOT, 'dist/bin/berth');

/**
 * Puts `berth` on the PATH. A file there that is not a link to a Berth is someone else's and stays.
 *
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function linkCommand() {
  const there = whatIsAt(LINK);
  if (there === PROGRAM) return { said: LINK, value: undefined };
  if (there !== undefined && !isOurs(there)) {
    return { said: `not done: ${LINK} is not Berth's and was left alone; the program is ${PROGRAM}`, value: undefined };
  }
  mkdirSync('/usr/local/bin', { recursive: true });
  symlinkSync(PROGRAM, `${LINK}.new`);
  renameSync(`${LINK}.new`, LINK);
  return { said: there === undefined ? LINK : `${LINK}, which led to ${there}`, value: undefined };
}

/**
 * @param {string} target of a link
 */
export function isOurs(target) {
  return target.endsWith('/dist/bin/berth');
}

/**
 * @param {string} path
 * @returns {string | undefined} the target of a link, '' for anything else, undefined for nothing
 */
export function whatIsAt(path) {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  return stat.isSymbolicLink() ? readlinkSync(path) : '';
}
