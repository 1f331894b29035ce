import { randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isBerthError } from '@berth/kit';
import { decompressed, sniffCompression } from '../../archives/index.ts';
import type { Build } from '../build-context.ts';

/** An archive that ADD unpacks, where it lies on the host. */
export interface LocalArchive {
  path: string;
  compression: 'none' | 'gzip' | 'zstd';
}

const BLOCK = 512;
const CHECKSUM_AT = 148;
const CHECKSUM_LENGTH = 8;

/**
 * The archive that a file is, compressed or not; undefined for all other files, compressed ones that hold no archive among
 * them. What only a program of the host can decompress is decompressed into the build's own directory.
 */
export async function localArchive(path: string, { scratch }: Build): Promise<LocalArchive | undefined> {
  const compression = sniffCompression(await headOf(path));
  const first = compression === 'none' ? await headOf(path) : await firstInside(path);
  if (first === undefined || !isTarHeader(first)) return undefined;
  if (compression !== 'xz' && compression !== 'bzip2') return { path, compression };
  const plain = join(scratch(), randomBytes(8).toString('hex'));
  await pipeline(decompressed(createReadStream(path)), createWriteStream(plain, { mode: 0o600 }));
  return { path: plain, compression: 'none' };
}

async function headOf(path: string): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.alloc(BLOCK);
    const { bytesRead } = await file.read(buffer, 0, BLOCK, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The first block without its compression; undefined for what only looked compressed. */
async function firstInside(path: string): Promise<Buffer | undefined> {
  let head: Buffer = Buffer.alloc(0);
  const source = createReadStream(path);
  try {
    for await (const piece of decompressed(source)) {
      head = Buffer.concat([head, piece]);
      if (head.length >= BLOCK) break;
    }
  } catch (error) {
    if (isBerthError(error, 'invalid')) return undefined;
    throw error;
  } finally {
    source.destroy();
  }
  return head;
}

/** Told by the checksum of the first header, as every tar has one; blocks of zeros are an empty archive. */
function isTarHeader(block: Buffer): boolean {
  if (block.length < BLOCK) return false;
  const header = block.subarray(0, BLOCK);
  const stored = Number.parseInt(
    header
      .toString('latin1', CHECKSUM_AT, CHECKSUM_AT + CHECKSUM_LENGTH)
      .replace(/\0.*$/, '')
      .trim(),
    8,
  );
  let sum = 0;
  for (const [at, byte] of header.entries())
    sum += at >= CHECKSUM_AT && at < CHECKSUM_AT + CHECKSUM_LENGTH ? 0x20 : byte;
  return sum === stored;
}
