import type { Readable } from 'node:stream';
import { MessageChannel, type Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kit';
import { createWorkerPool, feedPort, readPort } from '../../archives/index.ts';
import type { FileAnswer, FileJob, FromFileWorker } from './protocol.ts';

type WithoutPort<J> = J extends { port: unknown } ? Omit<J, 'port'> : J;
/** A job as its caller gives it. */
export type FileTask = WithoutPort<FileJob>;

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
      const { job, body, end } = withPort(task, source);
      signal?.addEventListener('abort', end, { once: true });
      if (signal?.aborted) end();
      const left = pool
        .lend((worker) => runJob(worker, job, answer))
        .catch((error: unknown) => {
          answer.reject(error);
          body?.destroy(error instanceof Error ? error : undefined);
        })
        .finally(() => {
          if (task.kind === 'write') end();
          signal?.removeEventListener('abort', end);
        });
      answer.promise.catch((error: Error) => body?.destroy(error));
      return { answer: answer.promise, body, left };
    },
    close: () => pool.close(),
  };
}

function withPort(task: FileTask, source: AsyncIterable<Uint8Array> | undefined) {
  if (task.kind === 'stat' || task.kind === 'changes') return { job: task, body: undefined, end: () => undefined };
  const { port1, port2 } = new MessageChannel();
  const job: FileJob = { ...task, port: port2 };
  if (task.kind === 'write') {
    void feedPort(source ?? empty(), port1);
    return { job, body: undefined, end: () => port1.close() };
  }
  const body = readPort(port1);
  // Whoever never came to read it hears of a failure by the answer.
  body.on('error', () => undefined);
  return { job, body, end: () => void body.destroy() };
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
