import type { StorageDriver } from '../storage/driver.ts';

/** Object that is written to see whether there can be written. */
const KEY = 'health';
/** An answer is good for so long: asking costs a write. Milliseconds. */
const GOOD_FOR = 10_000;

/** Whether requests can be served: the storage takes writes, and nothing is being shut down. */
export interface Readiness {
  ready(): Promise<void>;
  /** From now on it is not ready. */
  stop(): void;
}

export function createReadiness(driver: Pick<StorageDriver, 'write'>, now = () => performance.now()): Readiness {
  let stopping = false;
  let last: { at: number; result: Promise<void> } | undefined;
  return {
    ready: async () => {
      if (stopping) throw new Error('the registry stops');
      if (last === undefined || now() - last.at > GOOD_FOR) {
        const mine = { at: now(), result: driver.write(KEY, Buffer.from('ok\n')) };
        last = mine;
        // What failed is looked at again at once.
        mine.result.catch(() => {
          if (last === mine) last = undefined;
        });
      }
      await last.result;
    },
    stop: () => {
      stopping = true;
    },
  };
}
