import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FilterValues } from '@berth/contract';
import { BerthError, type Logger } from '@berth/kit';
import type { Database } from '../state/database.ts';
import { createClock } from './clock.ts';
import { createEventFilter } from './filter.ts';
import type { EngineEvent, Publish } from './model.ts';
import { createEventQueue, type EventQueue } from './queue.ts';
import { openEventStore } from './store.ts';

/** Events reach the disk this much later, many in one write: the start of a container does not wait for them. */
const WRITE_DELAY_MS = 25;
const KEEP_COUNT = 100_000;
const KEEP_NANOSECONDS = 7n * 24n * 3600n * 1_000_000_000n;
/** Rows are forgotten after so many new ones, and at the start. */
const TRIM_EVERY = 1000;
/** Events that may wait for one reader. */
const QUEUE_MAX = 10_000;
/** Events of the past that are looked at before others have their turn. */
const LOOK_AT_A_TIME = 500;
/** Longest delay of a JavaScript timer. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface Events {
  publish: Publish;
  /**
   * Events of the past when `since` or `until` is set, then new ones until `until` or `signal`; none is lost or doubled
   * between the two. Times in nanoseconds since the epoch, 0n = unset. Errors: invalid (filters, until before since).
   * The iteration throws when its reader is too far behind.
   */
  subscribe(options: SubscribeOptions): AsyncIterable<EngineEvent>;
  /** How many events there were since this engine started. */
  published(): number;
  /** How many subscribers there are now. */
  listeners(): number;
  /** Writes what waits and ends all subscriptions. */
  close(): void;
}

export interface SubscribeOptions {
  filters: FilterValues;
  since: bigint;
  until: bigint;
  signal: AbortSignal;
}

/** Opens the durable record of what happened, and the place to hear of it. */
export function createEvents({ db, log }: { db: Database; log: Logger }): Events {
  const store = openEventStore(db);
  const now = createClock();
  const subscribers = new Map<EventQueue, (event: EngineEvent) => boolean>();
  let unwritten: EngineEvent[] = [];
  let timer: NodeJS.Timeout | undefined;
  let sinceTrim = TRIM_EVERY;
  let published = 0;

  const write = () => {
    clearTimeout(timer);
    timer = undefined;
    if (unwritten.length === 0) return;
    const batch = unwritten;
    unwritten = [];
    try {
      store.append(batch);
      sinceTrim += batch.length;
      if (sinceTrim >= TRIM_EVERY) {
        store.trim(now() - KEEP_NANOSECONDS, KEEP_COUNT);
        sinceTrim = 0;
      }
    } catch (error) {
      log.error('events could not be written and are lost to later readers', { count: batch.length, error });
    }
  };

  const publish: Publish = (type, action, actorId, attributes) => {
    const event: EngineEvent = { type, action, actorId, attributes: { ...attributes }, timeNano: now() };
    unwritten.push(event);
    published++;
    timer ??= setTimeout(write, WRITE_DELAY_MS);
    for (const [queue, wanted] of subscribers) {
      if (wanted(event) && !queue.push(event))
        log.warn('a reader of events was too slow and has been cut off', { limit: QUEUE_MAX });
    }
  };

  const subscribe = ({ filters, since, until, signal }: SubscribeOptions): AsyncIterable<EngineEvent> => {
    const wanted = createEventFilter(filters);
    if (until !== 0n && until < since) {
      throw new BerthError(
        'invalid',
        `\`since\` time (${secondsOf(since)}) cannot be after \`until\` time (${secondsOf(until)})`,
      );
    }
    write(); // what happened before this line is read from the store, the rest comes through the queue
    const past = since === 0n && until === 0n ? [] : store.read(since, until);
    const queue = createEventQueue(QUEUE_MAX);
    subscribers.set(queue, wanted);
    const stopTimer = endAt(queue, until);
    const leave = () => {
      stopTimer();
      subscribers.delete(queue);
      queue.end();
      signal.removeEventListener('abort', leave);
    };
    signal.addEventListener('abort', leave, { once: true });
    if (signal.aborted) leave();
    return follow(past, queue, wanted, until, signal, leave);
  };

  return {
    publish,
    subscribe,
    published: () => published,
    listeners: () => subscribers.size,
    close: () => {
      write();
      for (const queue of subscribers.keys()) queue.end();
    },
  };
}

async function* follow(
  past: Iterable<EngineEvent>,
  queue: EventQueue,
  wanted: (event: EngineEvent) => boolean,
  until: bigint,
  signal: AbortSignal,
  leave: () => void,
): AsyncGenerator<EngineEvent> {
  try {
    let looked = 0;
    for (const event of past) {
      // Of a hundred thousand rows a filter may want none: others are to be served meanwhile.
      if (++looked % LOOK_AT_A_TIME === 0) await nextTurn();
      if (signal.aborted) return;
      if (wanted(event)) yield event;
    }
    for await (const event of queue) {
      if (until !== 0n && event.timeNano > until) return;
      yield event;
    }
  } finally {
    leave();
  }
}

/** Ends a queue when the wall clock reaches `until`; the result cancels that. */
function endAt(queue: EventQueue, until: bigint): () => void {
  if (until === 0n) return () => {};
  let timer: NodeJS.Timeout | undefined;
  const arm = () => {
    const left = Number(until / 1_000_000n) - Date.now();
    if (left <= 0) queue.end();
    else timer = setTimeout(arm, Math.min(left, TIMER_MAX_MS));
  };
  arm();
  return () => clearTimeout(timer);
}

function secondsOf(nanoseconds: bigint): string {
  const rest = nanoseconds % 1_000_000_000n;
  return `${nanoseconds / 1_000_000_000n}${rest === 0n ? '' : `.${String(rest).padStart(9, '0')}`}`;
}
