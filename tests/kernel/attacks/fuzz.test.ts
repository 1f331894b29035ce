// Random input of every kind that the API takes: the engine never fails for a reason of its own, and never ends.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRoutes } from '../../../apps/engine/api/index.ts';
import { dockerArchive } from '../../support/images.ts';
import { open } from '../../support/request.ts';
import { Arena, HONEST } from './arena.ts';
import { createWish, execWish, startWish, word } from './random-wishes.ts';

/** Milliseconds for each property; `FUZZ_MS` makes it longer. */
const TIME_MS = Number(process.env['FUZZ_MS'] ?? 4000);
const LIMITS = { interruptAfterTimeLimit: TIME_MS, markInterruptAsFailure: false, numRuns: TIME_MS };
/** Of an endless answer, this much is waited for. */
const ANSWER_MS = 300;

let arena: Arena;
let pid: number;
beforeAll(async () => {
  arena = await Arena.open();
  pid = arena.engine.pid;
});
afterAll(() => arena.close());

/** One answer; statuses above 499 but 501 (not supported) and 503 (a registry that is not there) are failures. */
async function ask(method: string, path: string, body?: object | string | Buffer, type = 'application/json') {
  const abort = AbortSignal.timeout(ANSWER_MS * 20);
  const answer = await arena.engine.request(method, path, {
    signal: abort,
    ...(body === undefined ? {} : { body, headers: { 'Content-Type': type } }),
  });
  expectSound(`${method} ${path} ${JSON.stringify(body)?.slice(0, 1000)}`, answer.status, answer.text);
  return answer;
}

function expectSound(what: string, status: number, text: string): void {
  if (text.includes('build ID not provided')) return; // Docker answers that with 500, too
  if (status >= 500 && status !== 501 && status !== 503)
    throw new Error(`${what} was answered ${status}: ${text}\n${arena.engine.output().slice(-3000)}`);
  expect(arena.engine.output()).not.toMatch(/a failure was not handled/);
}

test(
  'POST /containers/create, and what was created starts or says why not',
  async () => {
    mkdirSync(join(arena.shared, 'fuzz'));
    await fc.assert(
      fc.asyncProperty(createWish(join(arena.shared, 'fuzz')), word, async (body, name) => {
        const created = await ask(
          'POST',
          `/containers/create?name=${encodeURIComponent(name.slice(0, 3).toWellFormed())}`,
          body,
        );
        if (created.status !== 201) return;
        const { Id } = created.json<{ Id: string }>();
        try {
          await ask('GET', `/containers/${Id}/json`);
          await ask('POST', `/containers/${Id}/start`);
          await ask('GET', '/containers/json?all=1&size=1');
        } finally {
          await arena.remove(Id);
        }
      }),
      LIMITS,
    );
    expect(arena.engine.pid).toBe(pid);
  },
  TIME_MS + 30_000,
);

test(
  'POST /containers/{id}/exec, and what was made runs or says why not',
  async () => {
    const id = await arena.up();
    await fc.assert(
      fc.asyncProperty(execWish, startWish, async (wish, start) => {
        const created = await ask('POST', `/containers/${id}/exec`, wish as object);
        if (created.status !== 201) return;
        const exec = created.json<{ Id: string }>().Id;
        await ask('POST', `/exec/${exec}/start`, start as object);
        await ask('GET', `/exec/${exec}/json`);
      }),
      LIMITS,
    );
    await arena.remove(id);
    expect(arena.engine.pid).toBe(pid);
  },
  TIME_MS + 30_000,
);

test(
  'POST /images/load of damaged archives',
  async () => {
    const archive = dockerArchive([
      {
        tags: ['fuzz:1'],
        files: [{ path: 'a' }, { path: 'a/b', content: 'c'.repeat(600) }, { path: 'l', link: 'a' }],
        config: { Cmd: ['x'], Env: ['A=b'], Volumes: { '/v': {} } },
      },
    ]);
    const at = fc.nat({ max: archive.length - 1 });
    const damage = fc.oneof(
      fc.tuple(at, fc.uint8Array({ minLength: 1, maxLength: 8 })).map(([from, bytes]) => (data: Buffer) => {
        const changed = Buffer.from(data);
        if (from < data.length) changed.set(bytes.subarray(0, data.length - from), from);
        return changed;
      }),
      at.map((end) => (data: Buffer) => data.subarray(0, end)),
      fc.tuple(at, at).map(
        ([from, to]) =>
          (data: Buffer) =>
            Buffer.concat([data.subarray(0, from), data.subarray(to)]),
      ),
      // Whole blocks in other places, so that headers stay what they are.
      fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 20 })).map(([a, b]) => (data: Buffer) => {
        const blocks = Array.from({ length: Math.floor(data.length / 512) }, (_, n) =>
          data.subarray(n * 512, n * 512 + 512),
        );
        [blocks[a % blocks.length], blocks[b % blocks.length]] = [
          blocks[b % blocks.length]!,
          blocks[a % blocks.length]!,
        ];
        return Buffer.concat(blocks);
      }),
      // Inside the documents, so that they stay JSON now and then.
      fc
        .constantFrom(
          ['sha256', 'sha512'],
          ['"linux"', '[]'],
          ['layers', 'nothing'],
          ['Cmd', 'User'],
          ['/v', '..'],
          ['fuzz:1', 'FUZZ1'],
          ['A=b', '\\u00'],
          ['{}', '[]'],
          ['2024', '9999'],
        )
        .map(
          ([from, to]) =>
            (data: Buffer) =>
              Buffer.from(
                data.toString('latin1').replaceAll(from!, to!.padEnd(from!.length).slice(0, from!.length)),
                'latin1',
              ),
        ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (damages) => {
        const body = damages.reduce((data, change) => (data.length > 0 ? change(data) : data), archive);
        await ask('POST', '/images/load', body, 'application/x-tar');
        await ask('POST', '/images/create?fromSrc=-', body, 'application/x-tar');
      }),
      LIMITS,
    );
    for (const { Id } of (await ask('GET', '/images/json')).json<{ Id: string }[]>()) {
      await ask('GET', `/images/${Id}/json`);
      await ask('GET', `/images/${Id}/history`);
    }
    expect(arena.engine.pid).toBe(pid);
  },
  TIME_MS + 30_000,
);

/** Parameters that routes know, and what somebody could write there. */
const PARAMETERS =
  'all before changes condition detachKeys details digests force follow fromImage h limit link logs manifests message name names noprune one-shot platform ps_args quiet repo shared-size signal since size stderr stdin stdout stream t tag tail term timestamps type until v verbose w filters'.split(
    ' ',
  );
const VALUES = [
  '',
  '0',
  '1',
  '-1',
  '1e99',
  '9'.repeat(30),
  'true',
  '{',
  '[]',
  '{"label":["a"]}',
  '{"a":{"b":true}}',
  '{"__proto__":["x"]}',
  '{"since":["x"],"until":["1h"],"status":["x"]}',
  '{"id":["["],"name":["("],"reference":["["]}',
  '\0',
  '%ff',
  '%',
  'é',
  'x'.repeat(3000),
  '__proto__',
  '../..',
  '1970-01-01T00:00:00Z',
  '2999-01-01',
  'NaN',
  '-',
  '0x10',
  'SIGKILL',
  'linux/amd64',
  '127.0.0.1:1/x',
];
/** These ask registries of the world. */
const OUTSIDE = ['/images/search', '/auth'];

test(
  'query strings on every route',
  async () => {
    const nothing = new Proxy({}, { get: () => new Proxy({}, { get: () => () => undefined }) });
    const routes = createRoutes(nothing as never).filter(({ path }) => !OUTSIDE.includes(path));
    const id = await arena.up({ Cmd: ['sh', '-c', 'while echo line; do sleep 0.1; done'] });
    const names = [id, 'nothing', HONEST, '127.0.0.1:1/x', '%00', 'bridge', '__proto__', 'a'.repeat(200), '..%2f..'];
    const request = fc.record({
      route: fc.constantFrom(...routes),
      name: fc.constantFrom(...names),
      query: fc.dictionary(
        fc.constantFrom(...PARAMETERS),
        fc.oneof(fc.constantFrom(...VALUES), fc.string({ maxLength: 10 })),
        { maxKeys: 6 },
      ),
      version: fc.constantFrom('', '', '/v1.24', '/v1.41', '/v1.50'),
    });
    const seen = new Set<string>();
    await fc.assert(
      fc.asyncProperty(request, async ({ route, name, query, version }) => {
        const known = { ...query, ...('fromImage' in query ? { fromImage: '127.0.0.1:1/x' } : {}) };
        const search = Object.entries(known).map(
          ([key, value]) => `${key}=${encodeURIComponent(value).replaceAll('%25', '%')}`,
        );
        const path = `${version}${route.path.replace(/\{\w+\}/g, name)}?${search.join('&')}`;
        // The container itself should stay for the others.
        if (name === id && /remove|kill|stop|restart|pause|rename|prune/.test(route.name)) return;
        seen.add(route.name);
        await head(route.method, path);
      }),
      { ...LIMITS, numRuns: 5 * TIME_MS },
    );
    expect(seen.size).toBeGreaterThan(routes.length / 3);
    expect(arena.engine.pid).toBe(pid);
    await arena.remove(id);
  },
  TIME_MS + 30_000,
);

/** The status of an answer, and a little of it; what goes on for ever is left. */
async function head(method: string, path: string): Promise<void> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(), ANSWER_MS);
  try {
    const response = await open({ socketPath: arena.engine.socket }, method, path, { signal: abort.signal });
    let text = '';
    response.on('error', () => undefined); // cut off by us
    if ((response.statusCode ?? 0) >= 500) for await (const chunk of response) text += String(chunk);
    expectSound(`${method} ${path}`, response.statusCode ?? 0, text);
    response.destroy();
  } catch (error) {
    if (error instanceof Error && error.name === 'AbortError') return;
    throw new Error(`${method} ${path}: the engine is gone:\n${arena.engine.output().slice(-3000)}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
