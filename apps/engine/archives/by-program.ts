import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { BerthError, errnoOf } from '@berth/kit';

/** Formats that Node cannot read. */
export type ForeignCompression = 'xz' | 'bzip2';

/** Bounded in memory: an xz stream says itself how much of it is needed. */
const COMMANDS: Record<ForeignCompression, { package: string; paths: string[]; args: string[] }> = {
  xz: {
    package: 'xz-utils',
    paths: ['/usr/bin/xz', '/bin/xz'],
    args: ['--decompress', '--stdout', '--no-warn', '--threads=1', '--memlimit-decompress=256MiB'],
  },
  bzip2: { package: 'bzip2', paths: ['/usr/bin/bzip2', '/bin/bzip2'], args: ['--decompress', '--stdout', '--quiet'] },
};
/** `nobody`: the program has no right to anything but its pipes. */
const NOBODY = 65_534;
const MESSAGE_MAX = 500;

/**
 * The bytes of an archive that the host's own program decompresses: by absolute path, as nobody, without environment. It
 * ends with the iteration. Errors: not-supported when the program is not here; invalid for broken streams and such that
 * need too much memory.
 */
export async function* decompressedByProgram(
  format: ForeignCompression,
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Buffer, void> {
  const child = start(format);
  let said = '';
  child.stderr.on('data', (text: Buffer) => {
    said = (said + text.toString()).slice(0, MESSAGE_MAX);
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('close', resolve).once('error', reject);
  });
  // Looked at below; until then nobody may call it unhandled.
  ended.catch(() => undefined);
  let broken: unknown;
  const feeding = pipeline(Readable.from(source), child.stdin).catch((error: unknown) => {
    // A program that ended early tells why itself.
    if (errnoOf(error) === 'EPIPE' || errnoOf(error) === 'ERR_STREAM_PREMATURE_CLOSE') return;
    broken = error;
    child.kill('SIGKILL');
  });
  try {
    for await (const piece of child.stdout) yield piece as Buffer;
    const code = await ended;
    await feeding;
    if (broken !== undefined) throw broken;
    if (code !== 0)
      throw new BerthError('invalid', `invalid archive: it cannot be decompressed (${reason(said, code)})`);
  } finally {
    child.kill('SIGKILL');
    child.stdin.destroy();
    child.stdout.destroy();
  }
}

function start(format: ForeignCompression) {
  const { paths, args, package: name } = COMMANDS[format];
  const program = paths.find((path) => existsSync(path));
  if (program === undefined) {
    throw new BerthError('not-supported', `archives compressed with ${format} need the program ${format}`, {
      hint: `Install it (apt-get install ${name}), or decompress the archive first: ${format} -dc FILE | berth …`,
    });
  }
  const identity = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  return spawn(program, args, { cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'pipe'], ...identity });
}

function reason(said: string, code: number | null): string {
  return said.trim().split('\n')[0] || `its program ended with ${code}`;
}
