import { type FileHandle, open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw } from 'node:zlib';
import { createSlots } from './pull-slots.ts';

/** Bytes that are compressed at once, each block on a thread of its own; what stood before serves as its dictionary. */
const BLOCK = 1024 * 1024;
const WINDOW = 32 * 1024;
/** Blocks of one file under way. */
const AHEAD = 4;
/** The usual one; what `docker push` sends is about as large. */
const LEVEL = 6;
/** No name and no time: the bytes depend on the content only. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
/** Empty block that is the last. */
const LAST = Buffer.from([3, 0]);
const STORED_MAX = 0xffff;
const OUTPUT = 64 * 1024;
/** Bits per byte beyond which a code for single bytes gains less than one in two hundred. */
const DENSE = 7.96;
/** Bits per byte of what may have nothing to find either, such as an archive of pictures. */
const LIKELY_DENSE = 7;
const SAMPLE = 64 * 1024;

/**
 * As many blocks as there are processors, over all layers: more would be no faster, and would fill the threads that reads
 * and writes of files wait for as well.
 */
const turns = createSlots(availableParallelism);
const deflated = promisify<Buffer, object, Buffer>(deflateRaw);
const deflate = (block: Buffer, options: object) => turns.run(() => deflated(block, options));

/**
 * Gzip of a file, on all processors at once, the same bytes for the same content. What has no redundancy (it is compressed
 * already, or random) is stored as it is: looking for any costs most of the time and gains nothing. Each piece is only
 * valid until the next is asked for.
 */
export async function* gzipFile(path: string, signal?: AbortSignal): AsyncGenerator<Buffer, void> {
  let [crc, length] = [0, 0];
  let dictionary: Buffer | undefined;
  const waiting: Work[] = [];
  const free: Buffer[] = [];
  const file = await open(path, 'r');
  yield HEADER;
  try {
    for (;;) {
      signal?.throwIfAborted();
      const memory = free.pop() ?? Buffer.allocUnsafeSlow(BLOCK);
      const block = await fill(file, memory, length);
      if (block.length === 0) break;
      crc = crc32(block, crc);
      length += block.length;
      const parts = compress(block, dictionary);
      // Whoever waits for its turn is told; until then nobody listens.
      parts.catch(() => undefined);
      waiting.push({ parts, memory });
      // A copy: the memory may be in use again before this has served.
      dictionary = Buffer.from(block.subarray(-WINDOW));
      if (waiting.length >= AHEAD) yield* next(waiting, free);
    }
    while (waiting.length > 0) yield* next(waiting, free);
  } finally {
    await Promise.allSettled(waiting.map(({ parts }) => parts));
    await file.close();
  }
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc);
  end.writeUInt32LE(length % 2 ** 32, 4);
  yield LAST;
  yield end;
}

/** A block on its way. */
interface Work {
  parts: Promise<Buffer[]>;
  memory: Buffer;
}

async function* next(waiting: Work[], free: Buffer[]): AsyncGenerator<Buffer, void> {
  const { parts, memory } = waiting.shift()!;
  yield* await parts;
  free.push(memory);
}

/** As much as there is, up to a block. */
async function fill(file: FileHandle, memory: Buffer, position: number): Promise<Buffer> {
  let filled = 0;
  while (filled < memory.length) {
    const { bytesRead } = await file.read(memory, filled, memory.length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return memory.subarray(0, filled);
}

/** A block that ends at a byte's border and is not the last. */
async function compress(block: Buffer, dictionary: Buffer | undefined): Promise<Buffer[]> {
  const bits = bitsPerByte(block);
  if (bits > DENSE) return stored(block);
  const strategy = bits > LIKELY_DENSE && !(await hasRepeats(block)) ? constants.Z_RLE : constants.Z_DEFAULT_STRATEGY;
  const options = { level: LEVEL, strategy, finishFlush: constants.Z_SYNC_FLUSH, chunkSize: OUTPUT };
  return [await deflate(block, dictionary === undefined ? options : { ...options, dictionary })];
}

/** Whether a search for repeats, which takes most of the time, gains anything: tried on some of it. */
async function hasRepeats(block: Buffer): Promise<boolean> {
  const middle = block.length >> 1;
  const sample = block.subarray(middle, middle + SAMPLE);
  const [searched, plain] = await Promise.all([
    deflate(sample, { level: 1 }),
    deflate(sample, { strategy: constants.Z_RLE }),
  ]);
  return searched.length < plain.length * 0.95;
}

/** RFC 1951, 3.2.4. */
function stored(block: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let at = 0; at < block.length; at += STORED_MAX) {
    const part = block.subarray(at, at + STORED_MAX);
    const head = Buffer.alloc(5);
    head.writeUInt16LE(part.length, 1);
    head.writeUInt16LE(part.length ^ 0xffff, 3);
    parts.push(head, part);
  }
  return parts;
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
