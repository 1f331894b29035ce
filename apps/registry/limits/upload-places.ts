import { RegistryError } from '../errors.ts';
import type { Endpoint, Exchange } from '../http/exchange.ts';

/** How many may upload at a time. */
export interface PlaceLimits {
  /** Requests that send content. */
  places: number;
  /** Further ones that wait; their connections wait with them, unread. */
  waiting: number;
  /** Longest wait. Milliseconds. */
  patience: number;
}

const SENDING = new Set(['upload.start', 'upload.patch', 'upload.finish', 'manifest.push']);

/**
 * Lets so many requests send content at a time, in the order in which they came. Those that would wait too long, or are
 * too many, get 429 with `Retry-After`, which clients heed. Errors: TOOMANYREQUESTS.
 */
export function limitUploads({ places, waiting, patience }: PlaceLimits, onRefused: () => void) {
  let free = places;
  const line = new Set<() => void>();

  const leave = () => {
    const [next] = line;
    if (next) next();
    else free++;
  };
  const enter = (exchange: Exchange): Promise<void> =>
    new Promise((resolve, reject) => {
      if (free > 0) {
        free--;
        resolve();
        return;
      }
      const refuse = () => {
        stop();
        onRefused();
        reject(
          new RegistryError('TOOMANYREQUESTS', 'too many uploads at once', {
            headers: { 'retry-after': String(Math.ceil(patience / 1000)) },
          }),
        );
      };
      const mine = () => {
        stop();
        resolve();
      };
      const stop = () => {
        line.delete(mine);
        clearTimeout(timer);
        exchange.answer.off('close', refuse);
      };
      const timer = setTimeout(refuse, patience);
      exchange.answer.once('close', refuse); // the client went away
      line.add(mine);
      if (line.size > waiting) refuse();
    });

  return (endpoint: Endpoint): Endpoint => {
    if (!SENDING.has(endpoint.name)) return endpoint;
    return {
      ...endpoint,
      serve: async (exchange) => {
        await enter(exchange);
        try {
          await endpoint.serve(exchange);
        } finally {
          leave();
        }
      },
    };
  };
}
