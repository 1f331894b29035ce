import { read, readSync } from 'node:fs';
import { errnoOf } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { enterRawMode } from '../../terminal/raw-mode.ts';

const RETRY_MS = 10;

/** No password is longer; an endless stdin is refused instead of read. */
const LIMIT = 1024 * 1024;

/**
 * Reads a line from the terminal without showing it. `ask` is called when nothing is shown any more: whoever is quick to
 * answer is not shown either. Ctrl-C ends the program as it would in the middle of a line.
 */
export async function readSecret(fd: number, ask: () => void): Promise<string> {
  const restore = await enterRawMode(fd);
  const bytes: number[] = [];
  try {
    ask();
    const one = new Uint8Array(1);
    while ((await readByte(fd, one)) > 0 && bytes.length < LIMIT) {
      const byte = one[0] ?? 0;
      if (byte === 13 || byte === 10 || byte === 4) break; // enter, ctrl-j, ctrl-d
      if (byte === 3) throw new CliError('', 130);
      if (byte === 127 || byte === 8) dropRune(bytes);
      else if (byte === 21)
        bytes.length = 0; // ctrl-u
      else bytes.push(byte);
    }
  } finally {
    restore();
  }
  return Buffer.from(bytes).toString('utf8');
}

/** Node makes a terminal in raw mode one that does not wait. */
async function readByte(fd: number, one: Uint8Array): Promise<number> {
  for (;;) {
    try {
      return readSync(fd, one, 0, 1, null);
    } catch (error) {
      if (errnoOf(error) !== 'EAGAIN') throw error;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function dropRune(bytes: number[]): void {
  while (((bytes.at(-1) ?? 0) & 0xc0) === 0x80) bytes.pop();
  bytes.pop();
}

/** Reads a descriptor to its end. */
export async function readAll(fd: number): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for (;;) {
    const chunk = Buffer.alloc(64 * 1024);
    const count = await new Promise<number>((resolve, reject) => {
      read(fd, chunk, 0, chunk.length, null, (error, n) => (error ? reject(error) : resolve(n)));
    });
    if (count === 0) return Buffer.concat(chunks).toString('utf8');
    size += count;
    if (size > LIMIT) throw new CliError('standard input is too long for a password');
    chunks.push(chunk.subarray(0, count));
  }
}
