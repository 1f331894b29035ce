import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';

const COUNT = 100;
const RUNNING = 30;
/** Of the running ones: what their programs die of while no engine runs, their policy makes good. */
const ALWAYS = 10;
const LIMIT_MS = 120_000;

let c: Containers;
let ids: string[];
beforeAll(async () => {
  c = await startContainers();
}, LIMIT_MS);
afterAll(async () => {
  await c.engine.stop();
}, LIMIT_MS);

interface Row {
  Id: string;
  Names: string[];
  State: string;
  Status: string;
}

const rows = async (query: string): Promise<Row[]> => (await c.ask('GET', `/containers/json?${query}`)).json();
const filtered = (filters: object) => rows(`all=1&filters=${encodeURIComponent(JSON.stringify(filters))}`);
const each = (list: readonly string[], method: string, path: string) =>
  Promise.all(list.map((id) => c.ask(method, `/containers/${id}${path}`)));

test('many are made at once and listed newest first', { timeout: LIMIT_MS }, async () => {
  const check = { Test: ['CMD', 'true'], Interval: 1e9, Retries: 10 };
  const numbers = Array.from({ length: COUNT }, (_, n) => n);
  ids = await Promise.all(
    numbers.map((n) =>
      c.create(
        ['sleep', '600'],
        {
          StopSignal: 'SIGKILL',
          Labels: { n: String(n) },
          ...(n < RUNNING && { Healthcheck: check }),
          ...(n < ALWAYS && { HostConfig: { RestartPolicy: { Name: 'always' } } }),
        },
        `many-${n}`,
      ),
    ),
  );
  const listed = await rows('all=1');
  expect(listed.map(({ Id }) => Id).sort()).toEqual([...ids].sort());
  expect(await rows('all=1&limit=7')).toEqual(listed.slice(0, 7));
  expect((await filtered({ label: ['n=42'] })).map(({ Names }) => Names)).toEqual([['/many-42']]);
  expect(await rows('')).toEqual([]);
});

test('many are started at once, and checked', { timeout: LIMIT_MS }, async () => {
  const some = ids.slice(0, RUNNING);
  await each(some, 'POST', '/start');
  expect(await rows('')).toHaveLength(RUNNING);
  await Promise.all(ids.map((id) => c.inspect(id)));
  await expect
    .poll(async () => (await filtered({ health: ['healthy'] })).length, { timeout: LIMIT_MS / 2 })
    .toBe(RUNNING);
});

test('many outlive their engine, are stopped at once and removed', { timeout: LIMIT_MS }, async () => {
  const pids = async () =>
    (await Promise.all(ids.slice(0, RUNNING).map((id) => c.inspect(id)))).map((i) => i.State.Pid);
  const before = await pids();
  await c.engine.kill();
  for (const pid of before.slice(0, ALWAYS)) process.kill(pid, 'SIGKILL');
  await c.engine.start();
  expect(await rows('all=1')).toHaveLength(COUNT);
  await expect
    .poll(async () => (await filtered({ status: ['running'] })).length, { timeout: LIMIT_MS / 2 })
    .toBe(RUNNING);
  const after = await pids();
  expect(after.slice(ALWAYS)).toEqual(before.slice(ALWAYS));
  expect(after.filter((pid) => pid > 0 && !before.includes(pid))).toHaveLength(ALWAYS);
  expect((await filtered({ health: ['healthy'] })).length).toBeGreaterThanOrEqual(RUNNING - ALWAYS);
  await each(ids.slice(0, RUNNING), 'POST', '/stop');
  expect(await rows('')).toEqual([]);
  await eventually(async () => expect(await filtered({ exited: ['137'] })).toHaveLength(RUNNING));
  await each(ids, 'DELETE', '');
  expect(await rows('all=1')).toEqual([]);
});
