import type { Logger } from '@berth/kit';
import type { ClusterChange, ClusterStore, Snapshot } from './cluster-store.ts';

/**
 * Reads the store and then hears of every change, until the signal; begins anew after each loss of the connection, with
 * pauses that grow.
 */
export async function follow(
  store: ClusterStore,
  log: Logger,
  signal: AbortSignal,
  tell: { snapshot(snapshot: Snapshot): Promise<void>; changes(changes: readonly ClusterChange[]): void },
): Promise<void> {
  let pause = SHORTEST_MS;
  let lost = false;
  while (!signal.aborted) {
    try {
      const snapshot = await store.read();
      await tell.snapshot(snapshot);
      if (lost) log.info('the cluster store answers again');
      lost = false;
      pause = SHORTEST_MS;
      await store.watch(snapshot.revision + 1n, tell.changes, signal);
    } catch (error) {
      if (signal.aborted) return;
      if (!lost) log.warn('the cluster store is not there; containers go on with what is known', { error });
      lost = true;
    }
    await rest(pause * (0.5 + Math.random()), signal);
    pause = Math.min(pause * 2, LONGEST_MS);
  }
}

function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    timer.unref();
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

const SHORTEST_MS = 100;
const LONGEST_MS = 5000;
