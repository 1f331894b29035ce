import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createLogger } from '@berth/kit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../state/database.ts';
import { createEvents, type EngineEvent, type Events, type SubscribeOptions } from './index.ts';
import { openEventStore } from './store.ts';

let directory: string;
let db: Database;
let events: Events;
const logged: string[] = [];
const log = createLogger('warn', 'text', (line) => logged.push(line));

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'berth-events-'));
  db = openDatabase(path.join(directory, 'berth.db'));
  events = createEvents({ db, log });
});
afterEach(() => {
  events.close();
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

const never = new AbortController().signal;
const options = (wish: Partial<SubscribeOptions> = {}): SubscribeOptions => ({
  filters: {},
  since: 0n,
  until: 0n,
  signal: never,
  ...wish,
});
const collect = async (wish: Partial<SubscribeOptions>): Promise<EngineEvent[]> => {
  const found: EngineEvent[] = [];
  for await (const event of events.subscribe(options(wish))) found.push(event);
  return found;
};
/** Far enough ahead to take in everything, near enough to end at once. */
const soon = () => BigInt(Date.now() + 5) * 1_000_000n;
const actions = (found: EngineEvent[]) => found.map(({ action }) => action);
const start = (action: string, attributes: Record<string, string> = {}) =>
  events.publish('container', action, 'c1', attributes);

describe('the past', () => {
  test('survives the engine', async () => {
    start('create', { name: 'n', image: 'busybox' });
    start('start');
    events.close();
    events = createEvents({ db, log });
    const found = await collect({ since: 1n, until: soon() });
    expect(actions(found)).toEqual(['create', 'start']);
    expect(found[0]).toMatchObject({ type: 'container', actorId: 'c1', attributes: { name: 'n', image: 'busybox' } });
  });

  test('is told only when it is asked for', async () => {
    start('create');
    const stop = new AbortController();
    const iteration = events.subscribe(options({ signal: stop.signal }))[Symbol.asyncIterator]();
    const next = iteration.next();
    start('start');
    expect((await next).value).toMatchObject({ action: 'start' });
    stop.abort();
    expect((await iteration.next()).done).toBe(true);
    expect(events.listeners()).toBe(0);
  });

  test('can be taken up exactly where a reader left off', async () => {
    for (let index = 0; index < 1200; index++) start(`a${index}`);
    const all = await collect({ since: 1n, until: soon() });
    expect(all).toHaveLength(1200);
    const rest = await collect({ since: all[700]!.timeNano + 1n, until: soon() });
    expect(actions(rest)).toEqual(actions(all.slice(701)));
  });

  test('and the present join without gap or double', async () => {
    start('past');
    const stop = new AbortController();
    const stream = events.subscribe(options({ since: 1n, signal: stop.signal }));
    start('between');
    const found: string[] = [];
    for await (const { action } of stream) {
      found.push(action);
      if (action === 'past') start('later');
      if (action === 'later') stop.abort();
    }
    expect(found).toEqual(['past', 'between', 'later']);
  });
});

test('executions are forgotten long before other events', () => {
  const store = openEventStore(db);
  const row = (action: string, seq: number) => ({
    ...{ type: 'container' as const, action, actorId: 'c1', attributes: {}, timeNano: BigInt(seq + 1) },
  });
  const rows = Array.from({ length: 30_000 }, (_, seq) => row(seq % 3 === 0 ? 'start' : `exec_create: ${seq}`, seq));
  store.append(rows);
  store.trim(0n, 15_000);
  const kept = [...store.read(0n, 0n)].map(({ action, timeNano }) => ({ action, seq: Number(timeNano) - 1 }));
  expect(kept).toHaveLength(15_000);
  const executions = kept.filter(({ action }) => action.startsWith('exec_'));
  expect(executions[0]!.seq).toBeGreaterThanOrEqual(10_000);
  store.trim(29_000n, 15_000);
  expect([...store.read(0n, 0n)]).toHaveLength(1001);
});

test('times are strictly increasing and are the wall clock’s', async () => {
  for (let index = 0; index < 100; index++) start('x');
  const times = (await collect({ since: 1n, until: soon() })).map(({ timeNano }) => timeNano);
  expect(times.every((time, index) => index === 0 || time > times[index - 1]!)).toBe(true);
  expect(Math.abs(Number(times[0]! / 1_000_000n) - Date.now())).toBeLessThan(5000);
});

test('a reader that is too far behind is cut off and told so', async () => {
  const iteration = events.subscribe(options())[Symbol.asyncIterator]();
  for (let index = 0; index <= 10_000; index++) start('x');
  await expect(iteration.next()).rejects.toThrow(/10000 events behind/);
  expect(logged.join('')).toMatch(/too slow/);
});

test('until before since is refused', () => {
  expect(() => events.subscribe(options({ since: 2_000_000_000n, until: 1_000_000_000n }))).toThrow(
    '`since` time (2) cannot be after `until` time (1)',
  );
});

test('a stream with an end in the future ends there', async () => {
  const begun = Date.now();
  await collect({ until: BigInt(begun + 60) * 1_000_000n });
  expect(Date.now() - begun).toBeGreaterThanOrEqual(59);
});

test('an event that is changed after it was published stays as it was', async () => {
  const attributes = { name: 'before' };
  start('x', attributes);
  attributes.name = 'after';
  expect((await collect({ since: 1n, until: soon() }))[0]!.attributes).toEqual({ name: 'before' });
});
