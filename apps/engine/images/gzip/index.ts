import { open } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kit';
import { createWorkerPool } from '../../archives/index.ts';
import { combinedCrc } from './combined-crc.ts';
import { BLOCK, type Block, type PackedBlock, packBlock } from './pack-block.ts';

export interface Gzip {
  /**
   * Gzip of a file, on all processors at once, the same bytes for the same content. The pieces are the caller's to keep.
   * Errors: those of the file system; the signal's reason.
   */
  file(path: string, signal?: AbortSignal): AsyncGenerator<Buffer, void>;
  /** Ends the threads. */
  close(): Promise<void>;
}

/** What a thread answers. */
export type FromWorker = { ok: true; packed: PackedBlock } | { ok: false; code: string | undefined; message: string };

/** Blocks of one file under way. */
const AHEAD = 4;
/** Smaller files are done before a thread has started. Bytes. */
const SMALL = 64 * 1024;
const IDLE_MS = 5000;
/** No name and no time: the bytes depend on the content only. */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
/** Empty block that is the last. */
const LAST = Buffer.from([3, 0]);

/** Threads that compress, as many as there are processors, over all files: more would be no faster. */
export function createGzip(): Gzip {
  const script = new URL('./gzip-worker.ts', import.meta.url);
  const pool = createWorkerPool({ script, maxWorkers: availableParallelism(), idleMs: IDLE_MS });
  const pack = async (block: Block, small: boolean) =>
    small ? packBlock(block) : pool.lend((worker) => askWorker(worker, block));
  return { file: (path, signal) => gzipFile(path, pack, signal), close: () => pool.close() };
}

async function* gzipFile(
  path: string,
  pack: (block: Block, small: boolean) => Promise<PackedBlock>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Buffer, void> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const waiting: Promise<PackedBlock>[] = [];
  let crc = 0;
  yield HEADER;
  try {
    for (let position = 0; position < size || waiting.length > 0; ) {
      signal?.throwIfAborted();
      while (position < size && waiting.length < AHEAD) {
        const length = Math.min(BLOCK, size - position);
        const packed = pack({ fd: file.fd, position, length }, size <= SMALL);
        // Whoever waits for its turn is told; until then nobody listens.
        packed.catch(() => undefined);
        waiting.push(packed);
        position += length;
      }
      const { bytes, crc: ofBlock, length } = await waiting.shift()!;
      crc = combinedCrc(crc, ofBlock, length);
      yield Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
  } finally {
    await Promise.allSettled(waiting);
  }
  const end = Buffer.alloc(8);
  end.writeUInt32LE(crc);
  end.writeUInt32LE(size % 2 ** 32, 4);
  yield LAST;
  yield end;
}

async function askWorker(worker: Worker, block: Block): Promise<PackedBlock> {
  const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
  const ended = () => reject(new BerthError('canceled', 'the engine is stopping'));
  worker.once('message', resolve).once('error', reject).once('exit', ended);
  try {
    worker.postMessage(block);
    const reply = await promise;
    if (reply.ok) return reply.packed;
    throw Object.assign(new Error(reply.message), { code: reply.code });
  } finally {
    worker.off('message', resolve).off('error', reject).off('exit', ended);
  }
}
