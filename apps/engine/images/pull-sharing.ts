import { BerthError } from '@berth/kit';
import type { OnProgress } from './service.ts';
import type { ProgressMessage } from './wire.ts';

/** Runs work once for all who want the same at the same time. */
export interface Sharing<T> {
  run(key: string, subscriber: Subscriber, work: Work<T>): Promise<T>;
  /** Resolves when no work is under way, also none whose subscribers have left. */
  idle(): Promise<void>;
}

export interface Subscriber {
  onProgress: OnProgress;
  /** The subscriber goes away; the work ends when nobody is left. */
  signal: AbortSignal;
}

export type Work<T> = (onProgress: OnProgress, signal: AbortSignal) => Promise<T>;

interface Shared<T> {
  result: Promise<T>;
  listeners: Set<OnProgress>;
  /** The last message of each line, for those who come later. */
  lines: Map<string, ProgressMessage>;
  abort: AbortController;
}

export function createSharing<T>(): Sharing<T> {
  const active = new Map<string, Shared<T>>();
  const unfinished = new Set<Promise<T>>();
  return {
    run: (key, { onProgress, signal }, work) => {
      signal.throwIfAborted();
      const known = active.get(key);
      for (const message of known?.lines.values() ?? []) onProgress(message);
      const shared = known ?? start(work);
      const forget = () => {
        if (active.get(key) === shared) active.delete(key);
      };
      if (known === undefined) {
        active.set(key, shared);
        unfinished.add(shared.result);
        const ended = () => {
          forget();
          unfinished.delete(shared.result);
        };
        shared.result.then(ended, ended);
      }
      return subscribe(shared, { onProgress, signal }, forget);
    },
    idle: async () => {
      while (unfinished.size > 0) await Promise.allSettled(unfinished);
    },
  };
}

function start<T>(work: Work<T>): Shared<T> {
  const listeners = new Set<OnProgress>();
  const lines = new Map<string, ProgressMessage>();
  const abort = new AbortController();
  const onProgress: OnProgress = (message) => {
    lines.set(message.id ?? `line ${lines.size}`, message);
    for (const listener of listeners) listener(message);
  };
  // Begins in a later turn, when the first subscriber listens.
  const result = Promise.resolve().then(() => work(onProgress, abort.signal));
  return { result, listeners, lines, abort };
}

async function subscribe<T>(shared: Shared<T>, { onProgress, signal }: Subscriber, forget: () => void): Promise<T> {
  const gone = Promise.withResolvers<never>();
  const leave = () => gone.reject(new BerthError('canceled', 'context canceled'));
  // One subscriber with the same callback twice is still two.
  const listener: OnProgress = (message) => onProgress(message);
  shared.listeners.add(listener);
  signal.addEventListener('abort', leave, { once: true });
  try {
    return await Promise.race([shared.result, gone.promise]);
  } finally {
    signal.removeEventListener('abort', leave);
    shared.listeners.delete(listener);
    if (shared.listeners.size === 0) {
      // Nobody may join what is being ended.
      forget();
      shared.abort.abort(new BerthError('canceled', 'context canceled'));
    }
  }
}
