import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeTarFile, encodeTarHeader, TAR_END, type TarEntryInit } from '@berth/oci';
import { packageFolder } from './debian-package.ts';
import type { StarterLayer, StarterOptions } from './index.ts';
import { runTool } from './run-tool.ts';

const PACKAGE = 'busybox-static';

const DIRECTORIES: [name: string, mode: number][] = [
  ['bin', 0o755],
  ['dev', 0o755],
  ['etc', 0o755],
  ['home', 0o755],
  ['proc', 0o755],
  ['root', 0o700],
  ['sys', 0o755],
  ['tmp', 0o1777],
  ['usr', 0o755],
  ['usr/bin', 0o755],
  ['usr/sbin', 0o755],
  ['var', 0o755],
  ['var/spool', 0o755],
  ['var/spool/mail', 0o755],
  ['var/www', 0o755],
];

const FILES: [name: string, content: string][] = [
  [
    'etc/passwd',
    [
      'root:x:0:0:root:/root:/bin/sh',
      'daemon:x:1:1:daemon:/usr/sbin:/bin/false',
      'bin:x:2:2:bin:/bin:/bin/false',
      'mail:x:8:8:mail:/var/spool/mail:/bin/false',
      'www-data:x:33:33:www-data:/var/www:/bin/false',
      'nobody:x:65534:65534:nobody:/home:/bin/false',
      '',
    ].join('\n'),
  ],
  [
    'etc/group',
    [
      'root:x:0:',
      'daemon:x:1:',
      'bin:x:2:',
      'tty:x:5:',
      'mail:x:8:',
      'www-data:x:33:',
      'users:x:100:',
      'nogroup:x:65534:',
      '',
    ].join('\n'),
  ],
  ['etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'],
];

/** Debian's static busybox as /bin/busybox, a hard link for each of its commands, and the files that a shell expects. */
export async function busyboxLayer({ temporary }: StarterOptions): Promise<StarterLayer> {
  const directory = await mkdtemp(join(temporary, 'busybox-'));
  try {
    const path = (await installedProgram()) ?? (await downloadedProgram(directory));
    const program = await readFile(path);
    const { mtimeMs } = await stat(path);
    const commands = (await runTool(path, ['--list'], { debianPackage: PACKAGE }))
      .split('\n')
      .filter((name) => name !== '');
    return {
      archive: layer(program, commands, BigInt(Math.floor(mtimeMs / 1000)) * 1_000_000_000n),
      createdAt: Math.floor(mtimeMs / 1000) * 1000,
      madeBy: `COPY / # Debian package ${PACKAGE}`,
    };
  } finally {
    await rm(directory, { recursive: true });
  }
}

function layer(program: Buffer, commands: readonly string[], mtime: bigint): Buffer {
  const header = (entry: TarEntryInit) => encodeTarHeader({ mtime, ...entry });
  return Buffer.concat([
    ...DIRECTORIES.map(([name, mode]) => header({ name: `${name}/`, type: 'directory', mode })),
    encodeTarFile({ name: 'bin/busybox', mode: 0o755, mtime }, program),
    ...commands
      .filter((command) => command !== 'busybox' && !command.includes('/'))
      .map((command) => header({ name: `bin/${command}`, type: 'hardlink', linkName: 'bin/busybox', mode: 0o755 })),
    // Where scripts look for it.
    header({ name: 'usr/bin/env', type: 'symlink', linkName: '../../bin/env' }),
    ...FILES.map(([name, content]) => encodeTarFile({ name, mtime }, Buffer.from(content))),
    TAR_END,
  ]);
}

/** The program of the package, when it is installed; the package busybox has another one, which is not static. */
async function installedProgram(): Promise<string | undefined> {
  try {
    const files = await runTool('dpkg-query', ['--listfiles', PACKAGE], { debianPackage: 'dpkg' });
    return files.split('\n').find((path) => /^(\/usr)?\/bin\/busybox$/.test(path));
  } catch {
    // Not installed, or no dpkg: the download says what is wrong.
    return undefined;
  }
}

/** Fetches the package without installing it. */
async function downloadedProgram(directory: string): Promise<string> {
  const root = await packageFolder(PACKAGE, directory);
  for (const name of ['bin/busybox', 'usr/bin/busybox']) {
    const path = join(root, name);
    if ((await stat(path).catch(() => undefined))?.isFile()) return path;
  }
  throw new Error(`package ${PACKAGE} has no program busybox`);
}
