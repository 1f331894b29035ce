// @ts-check
import { Agent, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { timed } from '../engine.mjs';
import { memoryOf } from './resources.mjs';

/** @typedef {import('../engine.mjs').Engine} Engine */
/** @typedef {{ what: string, value: number, unit: string }} Figure */

/** Requests under way at a time where not all are sent at once. */
const AT_ONCE = 8;
const LOOKS = 9;
const CHECK_EVERY_S = 2;
const CHECKED_FOR_S = 10;

/**
 * Many containers on one engine: creates, lists and inspects `count`, starts `running` of them all at once, stops and
 * removes. Fails at the first answer that is not what was asked for. The engine has the image busybox:latest.
 *
 * @param {Engine} engine
 * @param {{ count: number, running: number }} size
 * @returns {Promise<Figure[]>}
 */
export async function scale(engine, { count, running }) {
  const call = caller(engine);
  const names = Array.from({ length: count }, (_, index) => `scale-${index}`);
  const started = names.slice(0, running);
  /** @type {Figure[]} */
  const figures = [];
  const note = (/** @type {string} */ what, /** @type {number} */ value, unit = 'ms') => {
    figures.push({ what, value, unit });
    process.stderr.write(`${engine.name}: ${what}: ${value.toFixed(1)} ${unit}\n`);
  };
  const look = async (/** @type {string} */ state) => {
    note(`list of the API, ${state}`, await median(() => call('GET', '/containers/json?all=1', 200)));
    note(`\`ps -a\`, ${state}`, await median(async () => timed(engine, ['ps', '-a'])));
    if (engine.processes) note(`memory (PSS) of the engine, ${state}`, memoryOf(engine.processes), 'MiB');
  };

  await look('no containers');
  const create = (/** @type {string} */ name) =>
    call('POST', `/containers/create?name=${name}`, 201, {
      ...{ Image: 'busybox:latest', Cmd: ['sleep', '3600'], StopSignal: 'SIGKILL', Labels: { scale: name } },
    });
  note(`create ${count}`, await timeOf(() => pool(names, AT_ONCE, create)));
  await look(`${count} created`);
  const inspect = (/** @type {string} */ name) => call('GET', `/containers/${name}/json`, 200);
  note(`inspect ${count}`, await timeOf(() => pool(names, AT_ONCE, inspect)));
  const post = (/** @type {string} */ verb) => (/** @type {string} */ name) =>
    call('POST', `/containers/${name}/${verb}`, 204);
  note(`start ${running} at once`, await timeOf(() => pool(started, running, post('start'))));
  const listed = JSON.parse(await call('GET', '/containers/json', 200));
  if (listed.length !== running) throw new Error(`${engine.name}: ${listed.length} of ${running} run`);
  await delay(2000); // what start-up needed for a moment is given back
  await look(`${count} created, ${running} running`);
  note(`\`ps\` of the running`, await median(async () => timed(engine, ['ps'])));
  note(`stop ${running} at once`, await timeOf(() => pool(started, running, post('stop'))));
  const remove = (/** @type {string} */ name) => call('DELETE', `/containers/${name}?v=1`, 204);
  note(`remove ${count}`, await timeOf(() => pool(names, AT_ONCE, remove)));
  await delay(2000);
  await look('all removed');
  await checks(call, started, note);
  return figures;
}

/**
 * Containers that are all checked every two seconds: how many checks the engine gets done, and what its answers take then.
 *
 * @param {ReturnType<typeof caller>} call
 * @param {readonly string[]} names
 * @param {(what: string, value: number, unit?: string) => void} note
 */
async function checks(call, names, note) {
  const wish = {
    ...{ Image: 'busybox:latest', Cmd: ['sleep', '3600'], StopSignal: 'SIGKILL', HostConfig: { NetworkMode: 'none' } },
    Healthcheck: { Test: ['CMD', 'true'], Interval: CHECK_EVERY_S * 1e9 },
  };
  const begin = async (/** @type {string} */ name) => {
    await call('POST', `/containers/create?name=${name}`, 201, wish);
    await call('POST', `/containers/${name}/start`, 204);
  };
  await pool(names, AT_ONCE, begin);
  await delay(CHECK_EVERY_S * 2000);
  const from = Date.now() / 1000;
  const filters = encodeURIComponent(JSON.stringify({ event: ['exec_die'] }));
  // Listened to as they come: Docker keeps only the last few.
  const died = call('GET', `/events?since=${from}&until=${from + CHECKED_FOR_S}&filters=${filters}`, 200);
  const pings = [];
  while (Date.now() / 1000 < from + CHECKED_FOR_S) {
    pings.push(await timeOf(() => call('GET', '/_ping', 200)));
    await delay(20);
  }
  const what = `${names.length} containers, each checked every ${CHECK_EVERY_S} s`;
  note(`checks done of ${what}`, (await died).split('\n').filter(Boolean).length / CHECKED_FOR_S, 'per s');
  pings.sort((a, b) => a - b);
  note(`99 of 100 answers to \`/_ping\` come within, with ${what}`, pings[Math.floor(pings.length * 0.99)] ?? 0);
  await pool(names, AT_ONCE, (name) => call('DELETE', `/containers/${name}?force=1`, 204));
}

/**
 * @param {Engine} engine
 * @returns {(method: string, path: string, status: number, body?: object) => Promise<string>}
 */
function caller(engine) {
  const socketPath = (engine.host ?? '').replace('unix://', '');
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  return (method, path, status, body) =>
    new Promise((done, fail) => {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const headers = text === undefined ? {} : { 'Content-Type': 'application/json' };
      const sent = request({ socketPath, agent, method, path, headers }, (answer) => {
        let said = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk) => (said += chunk));
        answer.on('end', () =>
          answer.statusCode === status
            ? done(said)
            : fail(new Error(`${engine.name}: ${method} ${path}: ${answer.statusCode} ${said}`)),
        );
      });
      sent.on('error', fail);
      sent.end(text);
    });
}

/**
 * @template T
 * @param {readonly T[]} items
 * @param {number} atOnce
 * @param {(item: T) => Promise<unknown>} work
 */
async function pool(items, atOnce, work) {
  const waiting = [...items];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
    }),
  );
}

/** @param {() => Promise<unknown>} work @returns {Promise<number>} milliseconds */
async function timeOf(work) {
  const start = process.hrtime.bigint();
  await work();
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/** @param {() => Promise<unknown>} work @returns {Promise<number>} milliseconds, the middle one of several */
async function median(work) {
  const times = [];
  for (let round = 0; round < LOOKS; round++) times.push(await timeOf(work));
  return times.sort((a, b) => a - b)[(LOOKS - 1) / 2] ?? 0;
}
