// @ts-check
import { readdirSync } from 'node:fs';
import { SetupError } from './report.mjs';
import { lastLines, run } from './run.mjs';

/** What the engine runs on, and what for. */
export const RUN_PACKAGES = {
  crun: 'starts containers, fastest',
  runc: 'starts containers where crun cannot',
  conmon: 'holds the output and exit code of a container while the engine restarts',
  nftables: 'publishes ports',
  socat: 'published ports on IPv6 loopback',
  catatonit: 'the init of --init',
  procps: 'lists the processes of a container (`top`)',
  'busybox-static': 'the programs of the starter images',
  mmdebstrap: 'makes the debian starter image',
  'ca-certificates': 'trust in registries',
  'xz-utils': 'archives that are compressed with it (load, import, cp)',
  bzip2: 'the same',
  git: 'build contexts of Git repositories',
  openssl: 'certificates for an engine that is reached over the network',
  libatomic1: "the project's own Node needs it",
  'libstdc++6': 'the same',
};

/** What only the tests use. */
export const TEST_PACKAGES = {
  iproute2: 'networks for tests, and a second opinion on ours',
  'btrfs-progs': 'a file system that shares blocks, and a volume on it',
  skopeo: 'a second opinion on images and registries',
  podman: 'reads the archives that Berth writes, and writes some for it',
  tmux: 'terminal sessions',
  openssl: 'certificates for tests of TLS',
  curl: 'asks servers in other network namespaces',
  'openssh-client': 'keys and agents for builds',
  zsh: 'its completion',
  fish: 'its completion',
  'python3-docker': "Docker's Python library as a client",
  'docker-compose': 'Compose 1.29.2 as a client, and a second opinion on Compose files',
};

/** In what apt says when no mirror answers. */
export const MIRROR_IS_AWAY =
  /Could not resolve|Temporary failure|Failed to fetch|Could not connect|Unable to connect|Cannot initiate the connection/;

/**
 * Installs those of `packages` that are missing. Never removes or upgrades anything that is there.
 *
 * @param {Record<string, string>} packages name → what for
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function ensureDebianPackages(packages) {
  const names = Object.keys(packages);
  const missing = await missingOf(names);
  if (missing.length === 0) return { said: `all ${names.length} present`, value: undefined };
  await install(missing);
  return { said: `installed ${missing.join(', ')}`, value: undefined };
}

/** @param {string[]} names */
async function install(names) {
  const args = [
    'install',
    '--yes',
    '--no-install-recommends',
    '--no-remove',
    '-o',
    'DPkg::Lock::Timeout=300',
    '-o',
    'Dpkg::Use-Pty=0',
    ...names,
  ];
  if (listsAreEmpty()) await apt(['update', '-q']);
  let ran = await apt(args);
  if (ran.code !== 0 && /dpkg was interrupted/.test(ran.err)) {
    await run('dpkg', ['--configure', '-a'], { env: QUIET });
    ran = await apt(args);
  }
  if (ran.code !== 0) {
    // Old lists name files that are gone, or do not name the package at all.
    const update = await apt(['update', '-q']);
    ran = await apt(args);
    if (ran.code !== 0) throw refusal(names, update.code === 0 ? ran : update);
  }
}

/**
 * @param {string[]} names
 * @param {import('./run.mjs').Ran} ran
 */
function refusal(names, ran) {
  const said = ran.err.trim() || ran.out.trim();
  const hint = MIRROR_IS_AWAY.test(said)
    ? 'The Debian mirror cannot be reached. Look at the network and /etc/apt/sources.list, then call the same command again.'
    : `Try \`apt-get install ${names.join(' ')}\` to see what is in the way.`;
  return new SetupError(`Cannot install the Debian packages ${names.join(', ')}:\n${lastLines(said, 8)}`, hint);
}

/** Asks no questions; programs keep the host's language out of what we read. */
const QUIET = { DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C', NEEDRESTART_MODE: 'l' };

/** @param {string[]} args */
export function apt(args, options = {}) {
  return run('apt-get', args, { env: QUIET, ...options });
}

/** dpkg-query's own placeholders, one package a line. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills it in, not JavaScript
const FORMAT = '${Package} ${db:Status-Status}\n';

/** @param {string[]} names */
async function missingOf(names) {
  const ran = await run('dpkg-query', ['--show', '--showformat', FORMAT, ...names], {
    env: QUIET,
  });
  const present = new Set(
    ran.out
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return names.filter((name) => !present.has(name));
}

function listsAreEmpty() {
  try {
    return !readdirSync('/var/lib/apt/lists').some((name) => name.endsWith('_Packages') || name.includes('_Packages.'));
  } catch {
    return true; // the folder is made by the first update
  }
}
