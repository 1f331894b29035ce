import type { Readable } from 'node:stream';
import { MessageChannel, type MessagePort, type Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kit';
import { createWorkerPool, feedPort, readPort } from '../archives/index.ts';
import type { FromTreeWorker, TreeAnswer, TreeJob, TreeListing } from './tree-protocol.ts';

/** Looks into the directories of volumes by worker threads (`tree-worker.ts`). */
export interface Trees {
  /** All of a directory as an archive. Resolves when it begins; destroying the stream ends the work. */
  read(directory: string): Promise<Readable>;
  /** Unpacks an archive into a directory. Errors: invalid (archive). */
  write(directory: string, source: AsyncIterable<Uint8Array>): Promise<void>;
  /** Errors: not-found, invalid. */
  list(directory: string, path: string, options: { recursive: boolean; most: number }): Promise<TreeListing>;
  /** Errors: not-found, invalid. */
  cat(directory: string, path: string): Promise<Readable>;
  close(): Promise<void>;
}

const MAX_WORKERS = 4;
const IDLE_MS = 5000;

export function createTrees(): Trees {
  const script = new URL('./tree-worker.ts', import.meta.url);
  const pool = createWorkerPool({ script, maxWorkers: MAX_WORKERS, idleMs: IDLE_MS });
  const begin = (job: TreeJob) => {
    const answer = Promise.withResolvers<TreeAnswer>();
    answer.promise.catch(() => undefined);
    const left = pool.lend((worker) => run(worker, job, answer)).catch((error: unknown) => answer.reject(error));
    return { answer: answer.promise, left };
  };
  const stream = async (make: (port: MessagePort) => TreeJob): Promise<Readable> => {
    const { port1, port2 } = new MessageChannel();
    const body = readPort(port1);
    body.on('error', () => undefined); // heard of by the answer, or by who reads
    try {
      await begin(make(port2)).answer;
    } catch (error) {
      body.destroy();
      throw error;
    }
    return body;
  };
  return {
    read: (directory) => stream((port) => ({ kind: 'read', directory, port })),
    cat: (directory, path) => stream((port) => ({ kind: 'cat', directory, path, port })),
    async write(directory, source) {
      const { port1, port2 } = new MessageChannel();
      void feedPort(source, port1);
      const { answer, left } = begin({ kind: 'write', directory, port: port2 });
      try {
        await answer;
      } finally {
        port1.close();
        await left;
      }
    },
    async list(directory, path, options) {
      const listing = await begin({ kind: 'list', directory, path, ...options }).answer;
      return listing ?? { Files: [], Truncated: false };
    },
    close: () => pool.close(),
  };
}

function run(worker: Worker, job: TreeJob, answer: PromiseWithResolvers<TreeAnswer>): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const ended = () => reject(new BerthError('canceled', 'the worker was ended'));
  const failed = (cause: unknown) => reject(new BerthError('internal', 'a worker failed', { cause }));
  const take = (message: FromTreeWorker) => {
    if (message.kind === 'left') resolve();
    else if (message.ok) answer.resolve(message.value);
    else answer.reject(new BerthError(message.code, message.message));
  };
  worker.once('exit', ended).once('error', failed).on('message', take);
  worker.postMessage(job, 'port' in job ? [job.port] : []);
  return promise.finally(() => {
    worker.off('exit', ended).off('error', failed).off('message', take);
  });
}
