import type { Transform } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import type { Compression } from '@berth/oci';
import { releaseEnd } from '../../archives/index.ts';

/** Pieces between two turns of the event loop. */
const TURN = 16;

/** Zlib's usual 16 KiB halve the speed. */
export const CHUNK = 256 * 1024;

/**
 * The bytes of an archive without its compression. Inflating happens on another thread while the caller works on the piece
 * before. Pieces of `input` may use the same memory again; so may those that come out: each is only valid until the next
 * is asked for. What follows the end of the compressed data is not read. Errors: the input's, zlib's, AbortError.
 */
export async function* inflated(
  input: AsyncIterable<Buffer>,
  compression: Compression,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void> {
  if (compression === 'none') {
    let count = 0;
    for await (const piece of input) {
      yield piece;
      // Nothing of it waits for anything: without a turn of the event loop nobody could call it off.
      if (++count % TURN === 0) await setImmediate();
      signal.throwIfAborted();
    }
    return;
  }
  // Room for some pieces ahead: with less the inflating thread would wait for the one that reads.
  const options = { chunkSize: CHUNK, readableHighWaterMark: 4 * CHUNK };
  const inflate = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  const abort = () => inflate.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  void feed(input, inflate);
  try {
    for await (const piece of inflate as AsyncIterable<Buffer>) {
      yield piece;
      // Otherwise the collector runs for every few pieces, which costs as much as the inflating.
      releaseEnd(piece);
    }
  } finally {
    signal.removeEventListener('abort', abort);
    inflate.destroy();
  }
}

/** One piece at a time, since the memory of the next may be the same. */
async function feed(input: AsyncIterable<Buffer>, inflate: Transform): Promise<void> {
  try {
    for await (const piece of input) {
      await new Promise<void>((resolve, reject) => {
        inflate.write(piece, (error) => (error ? reject(error) : resolve()));
      });
    }
    inflate.end();
  } catch (error) {
    inflate.destroy(error as Error);
  }
}
