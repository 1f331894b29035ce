// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { ROOT, SetupError } from './report.mjs';
import { mustRun, run } from './run.mjs';

/**
 * @typedef {{ version?: string, integrity?: string, optional?: boolean, link?: boolean, os?: string[], cpu?: string[], libc?: string[] }} Locked
 */

/**
 * Brings node_modules to what package-lock.json says, by `npm ci`, only where it differs. npm writes its own record last,
 * so an interrupted installation is seen and done again.
 *
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function ensureNpmPackages() {
  const wanted = locked(join(ROOT, 'package-lock.json'));
  const different = firstDifference(wanted, locked(join(ROOT, 'node_modules/.package-lock.json')));
  if (different === undefined) return { said: 'present', value: undefined };
  // On the system's Node npm warns (EBADENGINE) that packages want a newer one; they get it: the project's own.
  await mustRun(
    'install the npm packages',
    'npm',
    ['ci', '--no-audit', '--no-fund', '--no-update-notifier', '--loglevel=error'],
    {
      cwd: ROOT,
      env: withoutOwnNode(),
      hint: 'Look whether the npm registry can be reached: `npm ping`. Calling the same command again goes on from here.',
    },
  );
  return { said: `${Object.keys(wanted).length} in the lock file, installed because ${different}`, value: undefined };
}

/**
 * The project's own Node. The system's stays as it is.
 *
 * @returns {Promise<{ said: string, value: string }>} the path of the program
 */
export async function ensureOwnNode() {
  const name = `node-linux-${arch()}`;
  const path = join(ROOT, 'node_modules', name, 'bin/node');
  const version = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).optionalDependencies[name];
  const ran = await run(path, ['--version']);
  if (ran.out.trim() !== `v${version}`) {
    throw new SetupError(
      `Node ${version} does not run: ${ran.err.trim() || ran.out.trim()}`,
      `It comes from the npm package ${name}. Remove the folder node_modules and call the same command again.`,
    );
  }
  return { said: `Node ${version}`, value: path };
}

/**
 * @param {Record<string, Locked>} wanted
 * @param {Record<string, Locked>} installed
 * @returns {string | undefined} in words; undefined when nothing differs
 */
export function firstDifference(wanted, installed) {
  if (Object.keys(installed).length === 0) return 'none were there';
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || !path.includes('node_modules/') || !fits(entry)) continue;
    const is = installed[path];
    const name = path.replace(/^.*node_modules\//, '');
    if (is === undefined || !existsSync(join(ROOT, path))) return `${name} was missing`;
    if (!entry.link && is.version !== entry.version) return `${name} was ${is.version}, not ${entry.version}`;
    if (!entry.link && is.integrity !== entry.integrity) return `${name} was not what the lock file names`;
  }
  return undefined;
}

/**
 * Whether npm installs this entry here. Optional packages that name no platform belong to others and may be left out.
 * @param {Locked} entry
 */
function fits(entry) {
  if (entry.optional && !entry.os) return false;
  return (
    [entry.os ?? platform()].flat().includes(platform()) &&
    [entry.cpu ?? arch()].flat().includes(arch()) &&
    (entry.libc ?? ['glibc']).includes('glibc')
  );
}

/**
 * @param {string} path of a lock file
 * @returns {Record<string, Locked>} empty when it is missing
 */
function locked(path) {
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).packages : {};
}

/** npm must not run on a Node that it is about to replace. */
function withoutOwnNode() {
  const own = join(ROOT, 'node_modules/.bin');
  return {
    PATH: (process.env.PATH ?? '')
      .split(':')
      .filter((entry) => !entry.startsWith(own) && !entry.includes('node-gyp-bin'))
      .join(':'),
  };
}
