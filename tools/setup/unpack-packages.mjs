// @ts-check
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { apt, MIRROR_IS_AWAY } from './debian-packages.mjs';
import { ROOT, SetupError } from './report.mjs';
import { lastLines, mustRun } from './run.mjs';

/**
 * Takes Debian packages apart without installing them, so that no service of theirs ever starts and nothing of the system
 * changes; gives the tree of their files to `use`, and removes what that leaves of it.
 *
 * @param {string[]} names
 * @param {(tree: string) => void} use may move the tree or files of it to another place below .cache/
 * @returns {Promise<void>}
 */
export async function unpackPackages(names, use) {
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const scratch = mkdtempSync(join(ROOT, '.cache/unpack-'));
  chmodSync(scratch, 0o755);
  try {
    await download(names, scratch);
    for (const file of readdirSync(scratch))
      await mustRun(`unpack ${file}`, 'dpkg-deb', ['--extract', file, 'tree'], { cwd: scratch });
    use(join(scratch, 'tree'));
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * @param {string[]} names
 * @param {string} folder
 */
async function download(names, folder) {
  const args = ['download', '-q', '-o', 'APT::Sandbox::User=root', ...names];
  if ((await apt(args, { cwd: folder })).code === 0) return;
  // Old lists name files that are gone, or there are no lists yet.
  const update = await apt(['update', '-q']);
  const ran = await apt(args, { cwd: folder });
  if (ran.code === 0) return;
  const said = [ran, update].flatMap(({ err, out }) => [...err.trim().split('\n'), ...out.trim().split('\n')]);
  const isAway = said.some((line) => MIRROR_IS_AWAY.test(line));
  const telling = isAway ? said.filter((line) => MIRROR_IS_AWAY.test(line)) : ran.err.trim().split('\n');
  const plural = names.length > 1 ? 's' : '';
  throw new SetupError(
    `Cannot download the Debian package${plural} ${names.join(', ')}:\n${lastLines([...new Set(telling)].join('\n'), 5)}`,
    isAway
      ? 'The Debian mirror cannot be reached. Look at the network and /etc/apt/sources.list, then call the same command again.'
      : `Try \`apt-get download ${names.join(' ')}\` to see what is in the way.`,
  );
}
