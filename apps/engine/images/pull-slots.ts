/** So many pieces of work at once, in the order they came. */
export interface Slots {
  run<T>(work: () => Promise<T>): Promise<T>;
  /** The next piece of work will have to wait. */
  readonly full: boolean;
}

/** Lets at most `limit()` pieces of work run at once; the limit may change meanwhile. */
export function createSlots(limit: () => number): Slots {
  let running = 0;
  const waiting: (() => void)[] = [];
  return {
    get full() {
      return running >= limit();
    },
    run: async (work) => {
      if (running >= limit()) await new Promise<void>((resolve) => waiting.push(resolve));
      else running++;
      try {
        return await work();
      } finally {
        // The slot passes to the next in line, or becomes free; more become free when the limit was raised.
        running--;
        while (running < limit() && waiting.length > 0) {
          running++;
          waiting.shift()?.();
        }
      }
    },
  };
}

/**
 * Waits for all of them, also when one fails: the first failure aborts the rest, and is thrown when they have ended, so
 * that nothing still works on what the caller is about to remove.
 */
export async function allOrAbort(works: readonly Promise<void>[], stop: AbortController): Promise<void> {
  const results = await Promise.allSettled(
    works.map((work) =>
      work.catch((error: unknown) => {
        stop.abort(error);
        throw error;
      }),
    ),
  );
  if (results.some(({ status }) => status === 'rejected')) throw stop.signal.reason;
}
