import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { libc } from '../../../apps/engine/linux/libc.ts';

const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

/**
 * Exchanges two names all the time, as fast as the kernel does it, until it is disposed of. It begins when the promise
 * resolves. What a container with a shared directory does, without its pauses.
 */
export async function exchange(a: string, b: string): Promise<AsyncDisposable & { count(): number }> {
  const state = new Int32Array(new SharedArrayBuffer(8));
  const worker = new Worker(new URL(import.meta.url), { workerData: { a, b, state } });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('error', reject);
  });
  return {
    count: () => Atomics.load(state, 1),
    async [Symbol.asyncDispose]() {
      Atomics.store(state, 0, 1);
      await new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    },
  };
}

if (!isMainThread && parentPort !== null && workerData?.state instanceof Int32Array) {
  const { a, b, state } = workerData as { a: string; b: string; state: Int32Array };
  const renameat2 = libc.func('int renameat2(int from, const char *a, int to, const char *b, uint flags)');
  parentPort.postMessage('begun');
  while (Atomics.load(state, 0) === 0) {
    if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) === 0) Atomics.add(state, 1, 1);
  }
}
