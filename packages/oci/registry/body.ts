import type { Readable } from 'node:stream';
import { BerthError } from '@berth/kit';

/** Longest time that a small document may take, so that a dripping server cannot hold us. Milliseconds. */
const DEADLINE = 120_000;
/** An answer nobody wants is read up to here, so that its connection can be used again. */
const DISCARD_LIMIT = 64 * 1024;

/** The whole body. Errors: invalid, naming `what`, when it is longer than `limit` bytes; unavailable when it takes too long. */
export async function readBounded(body: Readable, limit: number, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  const late = new BerthError('unavailable', `${what} did not arrive within ${DEADLINE / 1000} seconds`);
  const timer = setTimeout(() => body.destroy(late), DEADLINE);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      length += chunk.byteLength;
      if (length > limit) throw new BerthError('invalid', `${what} is larger than ${limit} bytes`);
      chunks.push(chunk);
    }
  } finally {
    clearTimeout(timer);
  }
  return Buffer.concat(chunks, length);
}

/** Ends an answer that nobody wants: reads it where it is short, closes its connection where it is not. */
export async function discard(body: Readable): Promise<void> {
  try {
    await readBounded(body, DISCARD_LIMIT, 'an unused answer');
  } catch {
    // Not wanted, so not missed; the connection is closed by then.
    body.destroy();
  }
}
