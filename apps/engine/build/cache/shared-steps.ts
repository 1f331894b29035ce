import { BerthError } from '@berth/kit';

/** Output of a step that others wait for too. */
export type StepListener = (stream: 1 | 2, bytes: Buffer) => void;

interface Work<T> {
  result: Promise<T>;
  waiters: number;
  abort: AbortController;
  listeners: Set<StepListener>;
}

/**
 * Steps under way, by key: who asks for one that is being done waits for it and sees its output from then on. It is given
 * up when nobody waits any more.
 */
export class SharedSteps<T> {
  readonly #work = new Map<string, Work<T>>();

  async run(
    key: string,
    { signal, listener }: { signal: AbortSignal; listener: StepListener },
    begin: (signal: AbortSignal, tell: StepListener) => Promise<T>,
  ): Promise<{ result: T; isOwn: boolean }> {
    const known = this.#work.get(key);
    const work = known ?? this.#begin(key, begin);
    work.waiters++;
    work.listeners.add(listener);
    const { promise, reject } = Promise.withResolvers<never>();
    const leave = () => reject(new BerthError('canceled', 'the build was canceled'));
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    let settled = false;
    try {
      const result = await Promise.race([work.result, promise]);
      settled = true;
      return { result, isOwn: known === undefined };
    } catch (error) {
      settled = !signal.aborted;
      throw error;
    } finally {
      signal.removeEventListener('abort', leave);
      work.listeners.delete(listener);
      if (--work.waiters === 0 && !settled) {
        // Nobody else is to wait for what is being given up.
        if (this.#work.get(key) === work) this.#work.delete(key);
        work.abort.abort();
        // What it made is taken back before its build says that it has ended.
        await work.result.catch(() => undefined);
      }
    }
  }

  #begin(key: string, begin: (signal: AbortSignal, tell: StepListener) => Promise<T>): Work<T> {
    const listeners = new Set<StepListener>();
    const abort = new AbortController();
    const result = begin(abort.signal, (stream, bytes) => {
      for (const listener of listeners) listener(stream, bytes);
    }).finally(() => {
      if (this.#work.get(key)?.result === result) this.#work.delete(key);
    });
    result.catch(() => undefined);
    const work = { result, waiters: 0, abort, listeners };
    this.#work.set(key, work);
    return work;
  }
}
