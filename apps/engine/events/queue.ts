import { BerthError } from '@berth/kit';
import type { EngineEvent } from './model.ts';

/** What waits for one subscriber: bounded, and ended from either side. */
export interface EventQueue extends AsyncIterable<EngineEvent> {
  /** False when the queue is full: the subscriber is too slow and has been ended. */
  push(event: EngineEvent): boolean;
  /** What waits is still read, then the iteration ends. */
  end(): void;
}

export function createEventQueue(limit: number): EventQueue {
  const waiting: EngineEvent[] = [];
  let ended = false;
  let overflowed = false;
  let wake = () => {};
  return {
    push: (event) => {
      if (ended) return true;
      if (waiting.length >= limit) {
        overflowed = true;
        ended = true;
        waiting.length = 0;
      } else waiting.push(event);
      wake();
      return !overflowed;
    },
    end: () => {
      ended = true;
      wake();
    },
    async *[Symbol.asyncIterator]() {
      for (;;) {
        if (waiting.length > 0) {
          // Taken out at once: shifting one by one would be quadratic for a subscriber that is far behind.
          for (const event of waiting.splice(0)) {
            if (overflowed) break;
            yield event;
          }
        } else if (ended) {
          if (overflowed)
            throw new BerthError('unavailable', `a reader of events was more than ${limit} events behind`);
          return;
        } else {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    },
  };
}
