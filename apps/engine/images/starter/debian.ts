import { spawn } from 'node:child_process';
import { constants } from 'node:fs';
import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { encodeTarHeader } from '@berth/oci';
import type { StarterLayer, StarterOptions } from './index.ts';
import { toolError } from './run-tool.ts';

const TOOL = 'mmdebstrap';

/** What a Debian machine that was set up from the official mirrors has; the host's mirror is nobody else's business. */
function officialSources(suite: string): string {
  const signed = '[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]';
  return [
    `deb ${signed} http://deb.debian.org/debian ${suite} main`,
    `deb ${signed} http://deb.debian.org/debian ${suite}-updates main`,
    `deb ${signed} http://deb.debian.org/debian-security ${suite}-security main`,
    '',
  ].join('\n');
}

/**
 * A minimal Debian, made by mmdebstrap from the mirrors that this machine uses. Errors: unavailable (mmdebstrap is not
 * installed, a mirror does not answer).
 */
export async function debianLayer(suite: string, { temporary, onProgress }: StarterOptions): Promise<StarterLayer> {
  if (!(await isInstalled(TOOL))) throw toolError(TOOL, TOOL, Object.assign(new Error(TOOL), { code: 'ENOENT' }));
  const createdAt = await releaseDate(suite);
  return {
    archive: build(suite, { temporary, createdAt, onProgress }),
    createdAt,
    madeBy: `${TOOL} --variant=minbase ${suite}`,
  };
}

/** The archive as mmdebstrap writes it; ends the program when it is left early. */
async function* build(
  suite: string,
  {
    temporary,
    createdAt,
    onProgress,
  }: { temporary: string; createdAt: number; onProgress: StarterOptions['onProgress'] },
): AsyncGenerator<Buffer> {
  const directory = await mkdtemp(join(temporary, 'debian-'));
  const sources = await hostSources(suite);
  const child = spawn(TOOL, toolArguments(suite, sources), {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: directory, SOURCE_DATE_EPOCH: String(createdAt / 1000), LC_ALL: 'C.UTF-8' },
  });
  const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
  // Looked at below; a program that cannot be started must not count as unhandled before that.
  ended.catch(() => undefined);
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(-8000);
    const line = /^I: (.*)$/m.exec(text.toString())?.[1];
    if (line !== undefined) onProgress({ status: line, id: 'debian' });
  });
  try {
    yield encodeTarHeader({ name: './dev/', type: 'directory', mtime: BigInt(createdAt) * 1_000_000n });
    yield* child.stdout as AsyncIterable<Buffer>;
    const code = await ended;
    if (code !== 0) throw toolError(TOOL, TOOL, Object.assign(new Error(TOOL), { stderr: said }));
  } finally {
    if (child.exitCode === null) child.kill();
    await ended.catch(() => undefined);
    await rm(directory, { recursive: true, force: true });
  }
}

function toolArguments(suite: string, sources: string): string[] {
  const write = (path: string, content: string, mode: string) =>
    `--customize-hook=printf '%s' '${content}' > "$1${path}" && chmod ${mode} "$1${path}"`;
  return [
    '--mode=root',
    '--format=tar',
    '--variant=minbase',
    // As in Debian's own images: /bin is a link to /usr/bin from the start. The package usrmerge, which does it later,
    // would bring 50 MB of Perl.
    '--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr',
    '--include=usr-is-merged',
    // Devices come from the runtime.
    '--skip=output/dev',
    write('/etc/apt/sources.list', officialSources(suite), '0644'),
    // No service starts because a package was installed.
    write('/usr/sbin/policy-rc.d', '#!/bin/sh\nexit 101\n', '0755'),
    write(
      '/etc/apt/apt.conf.d/docker-clean',
      'DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb || true"; };\n',
      '0644',
    ),
    // What belongs to this machine, and what differs from run to run.
    '--customize-hook=rm -f "$1"/etc/apt/sources.list.d/* "$1"/etc/apt/apt.conf.d/99mmdebstrap "$1"/etc/hostname "$1"/etc/resolv.conf',
    '--customize-hook=rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/*.bin "$1"/var/cache/ldconfig/aux-cache "$1"/var/log/*.log "$1"/var/log/apt/*',
    suite,
    '-',
    ...(sources === '' ? [] : [sources]),
  ];
}

/** The Debian mirrors that this machine is set up with, as lines for the wanted suite; '' for mmdebstrap's own. */
async function hostSources(suite: string): Promise<string> {
  const texts = await Promise.all((await sourceFiles()).map((path) => readFile(path, 'utf8')));
  const mirrors = new Set(
    texts.flatMap((text) => [...text.matchAll(/\bhttps?:\/\/[^\s\]]+/g)].map(([url]) => url.replace(/\/$/, ''))),
  );
  const main = [...mirrors].find((url) => /\/debian$/.test(url));
  const security = [...mirrors].find((url) => /\/debian-security$/.test(url));
  if (main === undefined) return '';
  const lines = [`deb ${main} ${suite} main`, `deb ${main} ${suite}-updates main`];
  if (security !== undefined) lines.push(`deb ${security} ${suite}-security main`);
  return lines.join('\n');
}

async function sourceFiles(): Promise<string[]> {
  const directory = '/etc/apt/sources.list.d';
  const more = await readdir(directory).catch(() => []);
  const paths = ['/etc/apt/sources.list', ...more.map((name) => join(directory, name))];
  const here = await Promise.all(
    paths.map((path) =>
      access(path, constants.R_OK).then(
        () => [path],
        () => [],
      ),
    ),
  );
  return here.flat();
}

/**
 * The date of the suite's last release file that this machine knows, so that the same packages give the same image;
 * else this day.
 */
async function releaseDate(suite: string): Promise<number> {
  const lists = '/var/lib/apt/lists';
  const dates: number[] = [];
  for (const name of await readdir(lists).catch(() => [])) {
    if (!new RegExp(`_dists_${suite}(-updates|-security)?_(In)?Release$`).test(name)) continue;
    const text = await readFile(join(lists, name), 'utf8');
    const date = Date.parse(/^Date: (.*)$/m.exec(text)?.[1] ?? '');
    if (!Number.isNaN(date)) dates.push(date);
  }
  const day = 24 * 3600 * 1000;
  return dates.length > 0 ? Math.max(...dates) : Math.floor(Date.now() / day) * day;
}

async function isInstalled(command: string): Promise<boolean> {
  const directories = (process.env.PATH ?? '').split(delimiter);
  const found = await Promise.all(
    directories.map((directory) =>
      access(join(directory, command), constants.X_OK).then(
        () => true,
        () => false,
      ),
    ),
  );
  return found.includes(true);
}
