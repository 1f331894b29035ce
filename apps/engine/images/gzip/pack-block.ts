import { readSync } from 'node:fs';
import { constants, crc32, deflateRawSync } from 'node:zlib';

/** Bytes that are compressed at once; what stands before them serves as their dictionary. */
export const BLOCK = 1024 * 1024;

/** A part of an open file. */
export interface Block {
  fd: number;
  position: number;
  /** Bytes, at most `BLOCK`. */
  length: number;
}

export interface PackedBlock {
  /** Deflated, up to the border of a byte, not the last of its stream; has its memory for itself. */
  bytes: Uint8Array<ArrayBuffer>;
  /** Of the content, and the content's bytes. */
  crc: number;
  length: number;
}

const WINDOW = 32 * 1024;
/** The usual one; what `docker push` sends is about as large. */
const LEVEL = 6;
const STORED_MAX = 0xffff;
/** Before a stored part of a block: that it is one, its length, and its length again. */
const STORED_HEAD = 5;
/** Bits per byte beyond which a code for single bytes gains less than one in two hundred. */
const DENSE = 7.96;
/** Bits per byte of what may have nothing to find either, such as an archive of pictures. */
const LIKELY_DENSE = 7;
const SAMPLE = 64 * 1024;
/** Enough to see that there may be next to nothing in a block: so many times smaller. */
const GLANCE = 4 * 1024;
const LITTLE = 64;
/** One for each thread, which does one block at a time. */
const memory = Buffer.allocUnsafeSlow(WINDOW + BLOCK);

/**
 * Reads a block and compresses it. What has no redundancy (it is compressed already, or random) is stored as it is: looking
 * for any costs most of the time and gains nothing. Errors: those of reading; EIO when the file is shorter.
 */
export function packBlock({ fd, position, length }: Block): PackedBlock {
  const before = Math.min(WINDOW, position);
  const all = memory.subarray(0, before + length);
  for (let filled = 0; filled < all.length; ) {
    const read = readSync(fd, all, filled, all.length - filled, position - before + filled);
    if (read === 0) throw Object.assign(new Error('EIO: a file became shorter while it was read'), { code: 'EIO' });
    filled += read;
  }
  const block = all.subarray(before);
  return { bytes: compressed(block, all.subarray(0, before)), crc: crc32(block), length };
}

function compressed(block: Buffer, dictionary: Buffer): Uint8Array<ArrayBuffer> {
  const bits = bitsPerByte(block);
  if (bits > DENSE) return stored(block);
  const empty = nearlyNothing(block);
  if (empty !== undefined) return empty;
  const strategy = bits > LIKELY_DENSE && !hasRepeats(block) ? constants.Z_RLE : constants.Z_DEFAULT_STRATEGY;
  const options = { level: LEVEL, strategy, finishFlush: constants.Z_SYNC_FLUSH };
  // A copy: the memory that it comes in is larger, or shared.
  return new Uint8Array(deflateRawSync(block, dictionary.length === 0 ? options : { ...options, dictionary }));
}

/** The block, when next to nothing remains of it (zeros, or the same again and again): then a longer search gains nothing. */
function nearlyNothing(block: Buffer): Uint8Array<ArrayBuffer> | undefined {
  const fast = { level: 1, finishFlush: constants.Z_SYNC_FLUSH };
  const middle = block.length >> 1;
  const sample = block.subarray(middle, middle + GLANCE);
  if (deflateRawSync(sample, fast).length * LITTLE > sample.length) return undefined;
  const all = deflateRawSync(block, fast);
  return all.length * LITTLE > block.length ? undefined : new Uint8Array(all);
}

/** Whether a search for repeats, which takes most of the time, gains anything: tried on some of it. */
function hasRepeats(block: Buffer): boolean {
  const middle = block.length >> 1;
  const sample = block.subarray(middle, middle + SAMPLE);
  const searched = deflateRawSync(sample, { level: 1 });
  return searched.length < deflateRawSync(sample, { strategy: constants.Z_RLE }).length * 0.95;
}

/** RFC 1951, 3.2.4. */
function stored(block: Buffer): Uint8Array<ArrayBuffer> {
  const bytes = Buffer.allocUnsafeSlow(block.length + STORED_HEAD * Math.ceil(block.length / STORED_MAX));
  let to = 0;
  for (let at = 0; at < block.length; at += STORED_MAX) {
    const part = block.subarray(at, at + STORED_MAX);
    bytes[to] = 0;
    bytes.writeUInt16LE(part.length, to + 1);
    bytes.writeUInt16LE(part.length ^ 0xffff, to + 3);
    to += STORED_HEAD + part.copy(bytes, to + STORED_HEAD);
  }
  return bytes;
}

/** Looked at in steps: enough to tell, and cheap. */
const STEP = 13;
const LEAST_SAMPLES = 8192;
const counts = new Uint32Array(256);

/** How evenly spread the bytes are: 8 for those of compressed data. Of little nothing is said: trying costs nothing. */
function bitsPerByte(block: Buffer): number {
  const samples = Math.ceil(block.length / STEP);
  if (samples < LEAST_SAMPLES) return 0;
  counts.fill(0);
  for (let at = 0; at < block.length; at += STEP) counts[block[at]!]!++;
  let bits = 0;
  for (const count of counts) if (count > 0) bits -= (count / samples) * Math.log2(count / samples);
  return bits;
}
