import { MessageChannel, Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kit';
import type { Compression, Digest } from '@berth/oci';
import type { LayerLimits, WrittenLayer } from './layer-writer.ts';
import type { Feed, FromWorker, ToWorker } from './protocol.ts';

/** An archive to unpack into an empty directory. */
export interface UnpackJob {
  directory: string;
  diffId: Digest;
  compression: Compression;
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
  const free: { worker: Worker; timer: NodeJS.Timeout }[] = [];
  const waiting: (() => void)[] = [];
  const all = new Set<Worker>();
  let busy = 0;
  let closed = false;

  const acquire = async (): Promise<Worker> => {
    if (busy >= options.maxWorkers) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy++;
    const idle = free.pop();
    if (idle === undefined) return start(all);
    clearTimeout(idle.timer);
    idle.worker.ref();
    return idle.worker;
  };
  const release = (worker: Worker, usable: boolean) => {
    if (!usable || closed) void worker.terminate();
    else {
      worker.unref();
      const entry = { worker, timer: setTimeout(() => drop(entry), options.idleMs) };
      entry.timer.unref();
      free.push(entry);
    }
    // The place goes to the next in line, or is given up.
    const next = waiting.shift();
    if (next) next();
    else busy--;
  };
  const drop = (entry: (typeof free)[number]) => {
    free.splice(free.indexOf(entry), 1);
    void entry.worker.terminate();
  };

  return {
    unpack: async (job) => {
      if (closed) throw new BerthError('canceled', 'the engine is stopping');
      const worker = await acquire();
      let usable = false;
      try {
        usable = job.signal?.aborted === true;
        job.signal?.throwIfAborted();
        const reply = await runJob(worker, job);
        usable = true;
        if (!reply.ok) throw toError(reply);
        return reply.layer;
      } catch (error) {
        if (job.signal?.aborted) throw new BerthError('canceled', 'unpacking was canceled', { cause: error });
        throw error;
      } finally {
        release(worker, usable);
      }
    },
    close: async () => {
      closed = true;
      for (const { timer } of free.splice(0)) clearTimeout(timer);
      await Promise.all([...all].map((worker) => worker.terminate()));
    },
  };
}

function start(all: Set<Worker>): Worker {
  const worker = new Worker(new URL('./worker.ts', import.meta.url));
  all.add(worker);
  worker.once('exit', () => all.delete(worker));
  return worker;
}

function toError(reply: FromWorker & { ok: false }): BerthError {
  return new BerthError(reply.code, reply.message, reply.hint === undefined ? {} : { hint: reply.hint });
}

function runJob(worker: Worker, { source, signal, ...job }: UnpackJob): Promise<FromWorker> {
  const { promise, resolve, reject } = Promise.withResolvers<FromWorker>();
  const ended = () => reject(new BerthError('canceled', 'the unpacking worker was ended'));
  const failed = (cause: unknown) => reject(new BerthError('internal', 'the unpacking worker failed', { cause }));
  const cancel = () => worker.postMessage({ kind: 'cancel' } satisfies ToWorker);
  worker.once('exit', ended).once('error', failed).once('message', resolve);
  signal?.addEventListener('abort', cancel);
  if ('path' in source) worker.postMessage({ kind: 'unpack', ...job, source } satisfies ToWorker);
  else {
    const { port1, port2 } = new MessageChannel();
    feed(source.stream, port1);
    worker.postMessage({ kind: 'unpack', ...job, source: { port: port2 } } satisfies ToWorker, [port2]);
  }
  return promise.finally(() => {
    worker.off('exit', ended).off('error', failed).off('message', resolve);
    signal?.removeEventListener('abort', cancel);
  });
}

/** Answers each `more` of the worker with the next piece; ends the stream when the worker wants no more. */
function feed(stream: AsyncIterable<Uint8Array>, port: MessageChannel['port1']): void {
  const pieces = stream[Symbol.asyncIterator]();
  const send = (message: Feed, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  port.on('message', async () => {
    try {
      const next = await pieces.next();
      if (next.done) send({ kind: 'end' });
      else {
        // A copy of exactly these bytes: pieces are often windows into larger, shared memory.
        const chunk = new Uint8Array(next.value);
        send({ kind: 'chunk', chunk }, [chunk.buffer]);
      }
    } catch (error) {
      send({ kind: 'broken', message: error instanceof Error ? error.message : String(error) });
    }
  });
  port.once('close', () => void pieces.return?.());
}
