import { closeSync, openSync, read } from 'node:fs';
import { openError } from '../../open-error.ts';

const CHUNK = 256 * 1024;

/** The bytes of an open descriptor, chunk by chunk, read only as fast as they are taken. */
export async function* descriptorChunks(fd: number): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK);
    const count = await new Promise<number>((resolve, reject) => {
      read(fd, chunk, 0, CHUNK, null, (error, n) => (error ? reject(error) : resolve(n)));
    });
    if (count === 0) return;
    yield chunk.subarray(0, count);
  }
}

/** The bytes of a file; opens it at once, so that a missing one is said before the engine is asked. */
export function fileChunks(path: string): AsyncGenerator<Uint8Array> {
  const fd = openOrSay(path);
  return (async function* () {
    try {
      yield* descriptorChunks(fd);
    } finally {
      closeSync(fd);
    }
  })();
}

function openOrSay(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw openError(path, error);
  }
}
