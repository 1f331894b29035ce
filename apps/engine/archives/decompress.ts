import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { BerthError } from '@berth/kit';
import type { Compression } from '@berth/oci';

/** How much larger than what came in a decompressed archive may be; the first GiB is free. */
const GROWTH_MAX = 100;
const GROWTH_FREE = 1024 ** 3;
const CHUNK = 256 * 1024;

/**
 * The bytes of an archive without its compression, which is told from its first bytes (gzip, zstd, none). What is not
 * compressed passes as it is, with nothing in between: large copies go through here. Errors: invalid for broken streams
 * and for bombs, not-supported for bzip2 and xz.
 */
export function decompressed(source: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  return { [Symbol.asyncIterator]: () => new Decompressed(source[Symbol.asyncIterator]()) };
}

class Decompressed implements AsyncIterator<Uint8Array> {
  readonly #pieces: AsyncIterator<Uint8Array>;
  /** Known when the first bytes are. */
  #inner: AsyncIterator<Uint8Array> | undefined;

  constructor(pieces: AsyncIterator<Uint8Array>) {
    this.#pieces = pieces;
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    return this.#inner ? this.#inner.next() : this.#begin();
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#inner?.return?.();
    await this.#pieces.return?.();
    return { done: true, value: undefined };
  }

  async #begin(): Promise<IteratorResult<Uint8Array>> {
    let head: Buffer = Buffer.alloc(0);
    while (head.length < MAGIC_LENGTH) {
      const next = await this.#pieces.next();
      if (next.done) break;
      head = Buffer.concat([head, next.value]);
    }
    const compression = await this.#sniff(head);
    if (compression === 'none') {
      this.#inner = this.#pieces;
      return head.length > 0 ? { done: false, value: head } : this.#pieces.next();
    }
    this.#inner = inflated(head, this.#pieces, compression);
    return this.#inner.next();
  }

  async #sniff(head: Buffer): Promise<Compression> {
    try {
      return sniffCompression(head);
    } catch (error) {
      await this.#pieces.return?.();
      throw error;
    }
  }
}

async function* inflated(
  head: Buffer,
  pieces: AsyncIterator<Uint8Array>,
  compression: 'gzip' | 'zstd',
): AsyncGenerator<Buffer, void> {
  let taken = head.length;
  async function* whole() {
    yield head;
    for (let next = await pieces.next(); !next.done; next = await pieces.next()) {
      taken += next.value.byteLength;
      yield next.value;
    }
  }
  try {
    const inflate =
      compression === 'gzip' ? createGunzip({ chunkSize: CHUNK }) : createZstdDecompress({ chunkSize: CHUNK });
    let given = 0;
    // Errors of every part come out of the last one, which is read here.
    for await (const piece of pipeline(Readable.from(whole()), inflate, () => undefined) as AsyncIterable<Buffer>) {
      given += piece.length;
      if (given > GROWTH_FREE + GROWTH_MAX * taken)
        throw new BerthError('invalid', 'invalid archive: it grows too much when decompressed');
      yield piece;
    }
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    if (!/^(Z_|ZSTD_|ERR_ZSTD)/.test(code)) throw cause;
    throw new BerthError('invalid', `invalid archive: it cannot be decompressed (${code})`, { cause });
  } finally {
    await pieces.return?.();
  }
}

const MAGIC_LENGTH = 6;

/** Compression by the first six bytes. Errors: not-supported. */
export function sniffCompression(head: Buffer): Compression {
  const hex = head.toString('hex', 0, MAGIC_LENGTH);
  if (hex.startsWith('1f8b')) return 'gzip';
  if (hex.startsWith('28b52ffd')) return 'zstd';
  const foreign = hex.startsWith('425a68') ? 'bzip2' : hex === 'fd377a585a00' ? 'xz' : undefined;
  if (foreign === undefined) return 'none';
  throw new BerthError('not-supported', `archives compressed with ${foreign} are not supported`, {
    hint: `Decompress it first: ${foreign} -dc FILE | berth …`,
  });
}
