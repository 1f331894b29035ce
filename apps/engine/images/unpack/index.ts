import type { Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kit';
import type { Compression, Digest } from '@berth/oci';
import { createWorkerPool, makeRing, RingWriter } from '../../archives/index.ts';
import type { WrittenLayer } from './layer-writer.ts';
import type { FromWorker, LayerLimits, ToWorker } from './protocol.ts';

export type { WrittenLayer } from './layer-writer.ts';
export type { LayerLimits } from './protocol.ts';

/** An archive to unpack into an empty directory. */
export interface UnpackJob {
  directory: string;
  /** Only reads the archive and compares its digest; the directory stays as it is. */
  isCheck?: boolean;
  diffId: Digest;
  compression: Compression;
  isVerified: boolean;
  limits: LayerLimits;
  source: { path: string } | { stream: AsyncIterable<Uint8Array> };
  signal: AbortSignal | undefined;
}

export interface Unpacker {
  /**
   * Resolves when every file is written (not flushed) and the archive had digest `diffId`. On failure the directory
   * holds part of the layer and is the caller's to remove. Errors: invalid, unavailable (disk full), canceled.
   */
  unpack(job: UnpackJob): Promise<WrittenLayer>;
  close(): Promise<void>;
}

/**
 * Workers that unpack layers, started when there is work and ended when idle, since each costs some 15 MB. As many as a
 * pull downloads layers at once, so that no download waits for a place while others wait for the network.
 */
export function createUnpacker(
  options: { maxWorkers: number; idleMs: number } = { maxWorkers: 3, idleMs: 5000 },
): Unpacker {
  const pool = createWorkerPool({ script: new URL('./worker.ts', import.meta.url), ...options });
  return {
    unpack: async (job) => {
      try {
        const reply = await pool.lend(async (worker) => {
          job.signal?.throwIfAborted();
          return runJob(worker, job);
        });
        if (!reply.ok) throw toError(reply);
        return reply.layer;
      } catch (error) {
        if (job.signal?.aborted) throw new BerthError('canceled', 'unpacking was canceled', { cause: error });
        throw error;
      }
    },
    close: () => pool.close(),
  };
}

function toError(reply: FromWorker & { ok: false }): BerthError {
  return new BerthError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint });
}

function runJob(worker: Worker, { source, signal, ...job }: UnpackJob): Promise<FromWorker> {
  const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
  const ended = () => reject(new BerthError('canceled', 'the unpacking worker was ended'));
  const failed = (cause: unknown) => reject(new BerthError('internal', 'the unpacking worker failed', { cause }));
  const feed = 'stream' in source ? pour(source.stream) : undefined;
  const cancel = () => {
    worker.postMessage({ kind: 'cancel' } satisfies ToWorker);
    feed?.cancel();
  };
  worker.once('exit', ended).once('error', failed).once('message', resolve);
  signal?.addEventListener('abort', cancel);
  const from = 'path' in source ? source : { ring: feed!.ring };
  worker.postMessage({ kind: 'unpack', ...job, source: from } satisfies ToWorker);
  return promise
    .then((reply) => {
      // The worker sees only that the archive was cut off; why is what matters.
      if (!reply.ok && feed?.failure !== undefined) throw feed.failure;
      return reply;
    })
    .finally(() => {
      feed?.cancel();
      worker.off('exit', ended).off('error', failed).off('message', resolve);
      signal?.removeEventListener('abort', cancel);
    });
}

/** Lets a stream flow into a ring. */
function pour(stream: AsyncIterable<Uint8Array>) {
  const ring = makeRing();
  const writer = new RingWriter(ring);
  let failure: unknown;
  writer.pour(stream).catch((error: unknown) => {
    failure = error;
  });
  return {
    ring,
    cancel: () => writer.cancel(),
    get failure() {
      return failure;
    },
  };
}
