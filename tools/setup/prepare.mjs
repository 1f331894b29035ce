// @ts-check
import { build } from '../build.mjs';
import { checkHost } from './checks.mjs';
import { ensureDebianPackages, RUN_PACKAGES } from './debian-packages.mjs';
import { ensureNpmPackages, ensureOwnNode } from './npm-packages.mjs';
import { step } from './report.mjs';

/**
 * Everything that `npm start` and `npm test` need alike. Checks come first and change nothing.
 *
 * @param {() => Promise<void>} [furtherChecks] also before anything is changed
 * @returns {Promise<{ engine: string, client: string }>} identities of the build
 */
export async function prepare(furtherChecks) {
  await step('This machine', 'what containers are made of', checkHost);
  await furtherChecks?.();
  await step('Debian packages', 'the programs that start, watch and connect containers', () =>
    ensureDebianPackages(RUN_PACKAGES),
  );
  await step('npm packages', 'the libraries and tools that Berth is made with', ensureNpmPackages);
  await step('Own Node', "what the engine runs on; the system's stays as it is", ensureOwnNode);
  return step('Build', 'client and engine as they are used, in dist/', build);
}
