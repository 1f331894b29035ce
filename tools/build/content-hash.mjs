// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../setup/report.mjs';

/** Not part of what is shipped. */
const LEFT_OUT = /(^|\/)(node_modules|dist)(\/|$)|\.test\.ts$|\.md$/;

/**
 * One short name for the content of files and folders: equal exactly when every path and byte is equal.
 *
 * @param {string[]} paths relative to the repository; folders are taken whole, missing ones are empty
 * @returns {string} 16 hexadecimal digits
 */
export function contentHash(paths) {
  const hash = createHash('sha256');
  for (const path of paths.flatMap(filesBelow).sort()) {
    const content = readFileSync(join(ROOT, path));
    hash.update(`${path}\0${content.length}\0`).update(content);
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * @param {string} path
 * @returns {string[]}
 */
function filesBelow(path) {
  const full = join(ROOT, path);
  if (LEFT_OUT.test(path) || !existsSync(full)) return [];
  if (!statSync(full).isDirectory()) return [path];
  return readdirSync(full).flatMap((name) => filesBelow(join(path, name)));
}
