import type { Readable } from 'node:stream';
import { MessageChannel, type Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kit';
import { createWorkerPool, decompressed, makeRing, RingWriter, readPort } from '../../archives/index.ts';
import type { FileAnswer, FileJob, FromFileWorker } from './protocol.ts';

type WithoutMeans<J> = J extends { port: unknown }
  ? Omit<J, 'port'>
  : J extends { ring: unknown }
    ? Omit<J, 'ring'>
    : J;
/** A job as its caller gives it. */
export type FileTask = WithoutMeans<FileJob>;

/** A job that was begun. */
export interface BegunJob {
  /** Settles when the job is done; of jobs that give an archive, when it begins. */
  answer: Promise<FileAnswer>;
  /** The archive of a `read`, `export` or `layer` job. The job ends with it; destroying it ends the job. */
  body: Readable | undefined;
  /** Resolves when nothing is mounted and nothing is open any more. Never rejects. */
  left: Promise<void>;
}

/** Looks into containers by worker threads (`worker.ts`). */
export interface FileAccess {
  /** `source` is the archive that a `write` job reads; an abort of `signal` ends the job. */
  begin(task: FileTask, options?: { source?: AsyncIterable<Uint8Array>; signal?: AbortSignal }): BegunJob;
  close(): Promise<void>;
}

/** More copies at once wait for their turn: each has a thread, and clients may be slow. */
const MAX_WORKERS = 16;
const IDLE_MS = 5000;

export function createFileAccess(): FileAccess {
  const pool = createWorkerPool({
    script: new URL('./worker.ts', import.meta.url),
    maxWorkers: MAX_WORKERS,
    idleMs: IDLE_MS,
  });
  return {
    begin: (task, { source, signal } = {}) => {
      const answer = Promise.withResolvers<FileAnswer>();
      // Whoever asks only for the archive hears of a failure there.
      answer.promise.catch(() => undefined);
      const means = meansOf(task, source);
      signal?.addEventListener('abort', means.end, { once: true });
      if (signal?.aborted) means.end();
      const left = pool
        .lend((worker) => runJob(worker, means.job, answer))
        .catch(answer.reject)
        .finally(() => {
          if (task.kind === 'write') means.end();
          signal?.removeEventListener('abort', means.end);
        });
      // Why an archive broke is known here, not to the worker.
      const told = answer.promise.catch((error: unknown) => {
        throw means.broken() ?? error;
      });
      told.catch((error: Error) => means.body?.destroy(error));
      return { answer: told, body: means.body, left };
    },
    close: () => pool.close(),
  };
}

/** What a job's archive goes through. */
interface Means {
  job: FileJob;
  body: Readable | undefined;
  /** Lets the worker end at once. */
  end(): void;
  /** How the source of a `write` failed. */
  broken(): unknown;
}

function meansOf(task: FileTask, source: AsyncIterable<Uint8Array> | undefined): Means {
  const nothing = { body: undefined, end: () => undefined, broken: () => undefined };
  if (task.kind === 'stat' || task.kind === 'changes') return { ...nothing, job: task };
  if (task.kind === 'write') {
    const ring = makeRing();
    const writer = new RingWriter(ring);
    let failure: unknown;
    void writer.pour(decompressed(source ?? empty())).catch((error: unknown) => {
      failure = error;
    });
    return { ...nothing, job: { ...task, ring }, end: () => writer.cancel(), broken: () => failure };
  }
  const { port1, port2 } = new MessageChannel();
  const body = readPort(port1);
  // Whoever never came to read it hears of a failure by the answer.
  body.on('error', () => undefined);
  return { ...nothing, job: { ...task, port: port2 }, body, end: () => void body.destroy() };
}

async function* empty(): AsyncGenerator<Uint8Array> {}

function runJob(worker: Worker, job: FileJob, answer: PromiseWithResolvers<FileAnswer>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ended = () => reject(new BerthError('canceled', 'the worker was ended'));
  const failed = (cause: unknown) => reject(new BerthError('internal', 'a worker failed', { cause }));
  const take = (message: FromFileWorker) => {
    if (message.kind === 'left') resolve();
    else if (message.ok) answer.resolve(message.value);
    else
      answer.reject(
        new BerthError(message.code, message.message, message.hint === undefined ? {} : { hint: message.hint }),
      );
  };
  worker.once('exit', ended).once('error', failed).on('message', take);
  worker.postMessage(job, 'port' in job ? [job.port] : []);
  return promise.finally(() => {
    worker.off('exit', ended).off('error', failed).off('message', take);
  });
}
