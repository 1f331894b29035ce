// @ts-check
import { chmodSync, copyFileSync, existsSync, mkdirSync, realpathSync, renameSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { DEBIAN_DOCKER } from './debian-docker.mjs';
import { ROOT } from './report.mjs';
import { unpackPackages } from './unpack-packages.mjs';

/** Where the programs go that tests use and that must not be installed, because their packages start services. */
export const TEST_BIN = join(ROOT, '.cache/test-programs/bin');

/** Program → package that has it, and where in it. */
const PROGRAMS = [
  { name: 'docker', from: 'docker.io', path: 'usr/bin/docker' },
  { name: 'docker-registry', from: 'docker-registry', path: 'usr/bin/docker-registry' },
  { name: 'etcd', from: 'etcd-server', path: 'usr/bin/etcd' },
];

/**
 * Docker's own client, a registry and a key-value store: used from the PATH where they are, else taken out of their
 * Debian packages without installing these, so that no service of theirs ever starts.
 *
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function ensureTestPrograms() {
  const missing = PROGRAMS.filter(({ name }) => onPath(name) === undefined && !existsSync(join(TEST_BIN, name)));
  for (const program of missing) await extract(program);
  return {
    said:
      missing.length === 0 ? 'present' : `took ${missing.map(({ name }) => name).join(', ')} out of Debian packages`,
    value: undefined,
  };
}

/** @param {{ name: string, from: string, path: string }} program */
async function extract({ name, from, path }) {
  mkdirSync(TEST_BIN, { recursive: true });
  /** @param {string} tree */
  const take = (tree) => {
    const fresh = join(TEST_BIN, `${name}.new`);
    copyFileSync(join(tree, path), fresh);
    chmodSync(fresh, 0o755);
    renameSync(fresh, join(TEST_BIN, name));
  };
  if (existsSync(join(DEBIAN_DOCKER, path))) take(DEBIAN_DOCKER);
  else await unpackPackages([from], take);
}

/**
 * Docker's own client: the one on the PATH, else the one taken out of its package.
 * @returns {string}
 */
export function dockerProgram() {
  return onPath('docker') ?? join(TEST_BIN, 'docker');
}

/**
 * Where the program itself is on the PATH; `docker` may also be a link to Berth's client, which is no second opinion.
 *
 * @param {string} name
 * @returns {string | undefined}
 */
function onPath(name) {
  const found = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(existsSync);
  return found === undefined || realpathSync(found).endsWith('/dist/bin/berth') ? undefined : found;
}
