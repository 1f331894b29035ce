import { Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kit';

export interface WorkerPool {
  /**
   * Lends a worker to `work`, which is to settle when the worker is idle again. When it throws, the worker is ended: what
   * it was at is not known then. Waits for a free one when all are busy. Errors: canceled when the engine is stopping.
   */
  lend<T>(work: (worker: Worker) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

export interface WorkerPoolOptions {
  /** Module of the worker. */
  script: URL;
  maxWorkers: number;
  /** Workers that had nothing to do for so long are ended: each costs some 15 MB. */
  idleMs: number;
}

/** Worker threads that are started when there is work and ended when idle. */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const free: { worker: Worker; timer: NodeJS.Timeout }[] = [];
  const waiting: (() => void)[] = [];
  const all = new Set<Worker>();
  let busy = 0;
  let closed = false;

  const start = (): Worker => {
    const worker = new Worker(options.script);
    all.add(worker);
    worker.once('exit', () => all.delete(worker));
    return worker;
  };
  const acquire = async (): Promise<Worker> => {
    if (busy >= options.maxWorkers) await new Promise<void>((resolve) => waiting.push(resolve));
    else busy++;
    const idle = free.pop();
    if (idle === undefined) return start();
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
    lend: async (work) => {
      if (closed) throw new BerthError('canceled', 'the engine is stopping');
      const worker = await acquire();
      let usable = false;
      try {
        const result = await work(worker);
        usable = true;
        return result;
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
