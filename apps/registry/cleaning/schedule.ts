import type { Logger } from '@berth/kit';
import type { Registry } from '../registry.ts';

interface Times {
  gc: { interval: number };
  retention: { interval: number; rules: readonly unknown[] };
  fetched: { interval: number; unusedAfter: number | undefined; maxBytes: number | undefined };
}

/** Longest that a timer of Node waits. */
const TIMER_MAX = 2 ** 31 - 1;

/**
 * Cleans every so often; an interval of 0 is never. Returns what ends it: a run under way stops between two objects, and
 * is waited for.
 */
export function scheduleCleaning(
  registry: Registry,
  { gc, retention, fetched }: Times,
  log: Logger,
): () => Promise<void> {
  const stop = new AbortController();
  const { signal } = stop;
  const running = new Set<Promise<void>>();
  const every = (interval: number, what: string, work: () => Promise<void>) => {
    if (interval === 0) return;
    const timer = setInterval(
      () => {
        const one: Promise<void> = work()
          .catch((error) => {
            if (!signal.aborted) log.error(`${what} failed`, { error });
          })
          .finally(() => running.delete(one));
        running.add(one);
      },
      Math.min(interval, TIMER_MAX),
    );
    timer.unref();
    signal.addEventListener('abort', () => clearInterval(timer));
  };
  if (retention.rules.length > 0)
    every(retention.interval, 'retention', async () => {
      const { tags, manifests, milliseconds } = await registry.retain({ dryRun: false, signal });
      log.info('retention was applied', { tags: tags.length, manifests: manifests.length, milliseconds });
    });
  const { unusedAfter: unusedMs, maxBytes } = fetched;
  if (unusedMs !== undefined || maxBytes !== undefined)
    every(fetched.interval, 'eviction', async () => {
      const { manifests } = await registry.evict({ unusedMs, maxBytes, dryRun: false, signal });
      if (manifests.length === 0) return;
      log.info('fetched content was evicted', { manifests: manifests.length });
      // A bound of bytes is one only when their place is free.
      if (maxBytes !== undefined) await registry.collect({ dryRun: false, signal });
    });
  every(gc.interval, 'garbage collection', async () => {
    log.info('garbage was collected', { ...(await registry.collect({ dryRun: false, signal })) });
  });
  return async () => {
    stop.abort();
    await Promise.all(running);
  };
}
