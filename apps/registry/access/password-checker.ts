import { Worker } from 'node:worker_threads';
import { BerthError } from '@berth/kit';

/** Compares passwords with bcrypt hashes in a thread of its own: each takes some 50 to 300 ms of a processor. */
export interface PasswordChecker {
  /** Errors: unavailable, when too many wait already. */
  check(password: string, hash: string): Promise<boolean>;
  close(): Promise<void>;
}

/** Whoever guesses passwords waits in this line with everybody else; it must not grow. */
const WAITING_MAX = 64;

/** The thread is started with the first password. */
export function createPasswordChecker(waitingMax = WAITING_MAX): PasswordChecker {
  const waiting = new Map<number, { resolve: (right: boolean) => void; reject: (error: Error) => void }>();
  let worker: Worker | undefined;
  let last = 0;

  const fail = (error: Error) => {
    worker = undefined;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const start = (): Worker => {
    const started = new Worker(new URL('./password-worker.ts', import.meta.url));
    started.unref();
    started.on('message', ({ id, right }: { id: number; right: boolean }) => {
      waiting.get(id)?.resolve(right);
      waiting.delete(id);
    });
    started.on('error', (cause) => {
      if (worker === started) fail(new BerthError('internal', 'passwords cannot be checked', { cause }));
    });
    return started;
  };
  return {
    check: (password, hash) =>
      new Promise((resolve, reject) => {
        if (waiting.size >= waitingMax) {
          reject(new BerthError('unavailable', 'too many logins at once', { hint: 'Try again in a few seconds.' }));
          return;
        }
        worker ??= start();
        const id = ++last;
        waiting.set(id, { resolve, reject });
        worker.postMessage({ id, password, hash });
      }),
    close: async () => {
      const ended = worker;
      fail(new BerthError('canceled', 'the registry stops'));
      await ended?.terminate();
    },
  };
}
