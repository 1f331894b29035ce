import { pipeline, Readable } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { BerthError } from '@berth/kit';
import type { Compression } from '@berth/oci';
import { decompressedByProgram, type ForeignCompression } from './by-program.ts';

/** How much larger than what came in a decompressed archive may be; the first GiB is free. */
const GROWTH_MAX = 100;
const GROWTH_FREE = 1024 ** 3;
const CHUNK = 256 * 1024;

/**
 * The bytes of an archive without its compression, which is told from its first bytes (gzip, zstd, xz, bzip2, none). What is not
 * compressed passes as it is, with nothing in between: large copies go through here. xz and bzip2 are read by the host's
 * programs. Errors: invalid for broken streams and for bombs, not-supported where the host has no such program.
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
    const compression = sniffCompression(head);
    if (compression === 'none') {
      this.#inner = this.#pieces;
      return head.length > 0 ? { done: false, value: head } : this.#pieces.next();
    }
    this.#inner = inflated(head, this.#pieces, compression);
    return this.#inner.next();
  }
}

async function* inflated(
  head: Buffer,
  pieces: AsyncIterator<Uint8Array>,
  compression: 'gzip' | 'zstd' | ForeignCompression,
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
    let given = 0;
    for await (const piece of inflate(whole(), compression)) {
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

function inflate(
  source: AsyncIterable<Uint8Array>,
  compression: 'gzip' | 'zstd' | ForeignCompression,
): AsyncIterable<Buffer> {
  if (compression === 'xz' || compression === 'bzip2') return decompressedByProgram(compression, source);
  const inflater =
    compression === 'gzip' ? createGunzip({ chunkSize: CHUNK }) : createZstdDecompress({ chunkSize: CHUNK });
  // Errors of every part come out of the last one, which is read.
  return pipeline(Readable.from(source), inflater, () => undefined) as AsyncIterable<Buffer>;
}

const MAGIC_LENGTH = 6;

/** Compression by the first six bytes. */
export function sniffCompression(head: Buffer): Compression | ForeignCompression {
  const hex = head.toString('hex', 0, MAGIC_LENGTH);
  if (hex.startsWith('1f8b')) return 'gzip';
  if (hex.startsWith('28b52ffd')) return 'zstd';
  if (hex.startsWith('425a68')) return 'bzip2';
  return hex === 'fd377a585a00' ? 'xz' : 'none';
}
