// @ts-check
import { existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { ensureDebianPackages } from './debian-packages.mjs';
import { ROOT } from './report.mjs';
import { unpackPackages } from './unpack-packages.mjs';

/** Where Debian's Docker is: the tree of its packages, with `usr/bin` and `usr/sbin`. Tests and benchmarks start it. */
export const DEBIAN_DOCKER = join(ROOT, '.cache/debian-docker');
/** What makes it up; taken out of their packages, so that no service is ever installed or started. */
const PACKAGES = ['docker.io', 'containerd', 'tini'];
/** What it calls. */
const CALLED = { runc: 'Docker runs containers with it', iptables: 'Docker publishes ports with it' };

/**
 * Has Debian's Docker here: the second opinion of the tests, and what benchmarks compare with.
 *
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function ensureDebianDocker() {
  await ensureDebianPackages(CALLED);
  if (existsSync(DEBIAN_DOCKER)) return { said: 'present', value: undefined };
  await unpackPackages(PACKAGES, (tree) => {
    // Another program may have been faster.
    if (!existsSync(DEBIAN_DOCKER)) renameSync(tree, DEBIAN_DOCKER);
  });
  return { said: `took ${PACKAGES.join(', ')} out of their packages`, value: undefined };
}
