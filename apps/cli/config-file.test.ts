import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPARED_VERSION, dockerMajor } from '../../tests/support/docker-version.ts';
import { type FakeEngine, findDocker, runClient, startFakeEngine } from '../../tests/support/fake-engine.ts';
import { sampleRoutes } from '../../tests/support/sample-engine.ts';
import { runBerth } from '../../tests/support/side-by-side.ts';
import { configCases } from './config-file.cases.ts';

let engine: FakeEngine;
const ID = 'a'.repeat(64);
beforeAll(async () => {
  engine = await startFakeEngine({
    ...sampleRoutes(),
    'POST /containers/create': { status: 201, json: { Id: ID, Warnings: [] } },
    [`POST /containers/${ID}/start`]: { status: 204, json: {} },
    [`POST /containers/${ID}/wait`]: { json: { StatusCode: 0 } },
    'POST /containers/web/exec': { status: 201, json: { Id: 'e' } },
    'POST /exec/e/start': { json: {} },
    'POST /containers/prune': { json: { ContainersDeleted: null, SpaceReclaimed: 0 } },
    'POST /images/prune': { json: { ImagesDeleted: null, SpaceReclaimed: 0 } },
    'POST /networks/prune': { json: { NetworksDeleted: null } },
  });
});
afterAll(() => engine[Symbol.asyncDispose]());

const cases = configCases.flatMap(({ config, lines }) =>
  lines.map((line) => ({ line, config: typeof config === 'string' ? config : JSON.stringify(config) })),
);

/** Headers that config.json may have a say in; User-Agent only where it is not the client's own. */
const HEADERS = ['x-own', 'x-two', 'x-registry-auth'];

async function outcome(run: typeof runBerth, line: string) {
  engine.seen.length = 0;
  const { code, stdout, stderr } = await run(
    engine,
    line.split(' ').map((word) => word.replaceAll('_', ' ')),
  );
  const seen = engine.seen.map(({ method, path, query, headers, body }) => ({
    method,
    path,
    filters: query.filters && listForm(query.filters),
    headers: HEADERS.map((name) => headers[name]),
    agent: headers['user-agent']?.replace(/^(Docker|Berth)-Client.*/, 'own'),
    env: (parsed(body)?.Env ?? []).sort(),
    detachKeys: parsed(body)?.DetachKeys,
  }));
  // See requests.test.ts: waits for the background, and a look before an exec.
  const same = seen.filter(
    ({ path }) => !path.endsWith('/wait') && !(line.startsWith('exec') && path.endsWith('/web/json')),
  );
  return { code, stdout: plain(stdout), stderr: stderr.replace(/^time=.*\n/gm, ''), seen: same };
}

/** The default address is another, and its column as wide as it. */
function plain(stdout: string): string {
  return stdout.replaceAll('unix:///run/berth/berth.sock', 'unix:///var/run/docker.sock').replaceAll(/ {3,}/g, '   ');
}

/**
 * Docker's client 28.2.2 takes a label of pruneFilters only where the opposite is asked for, too. Ours takes all: who
 * wrote `label!=keep` there wants it kept.
 */
const LABELS = /pruneFilters.*label/;

function parsed(body: Buffer): { Env?: string[]; DetachKeys?: string } | undefined {
  return body.length && body[0] === 123 ? JSON.parse(body.toString()) : undefined;
}

function listForm(filters: string): unknown {
  const entries = Object.entries(JSON.parse(filters) as Record<string, string[] | Record<string, boolean>>);
  return Object.fromEntries(
    entries.map(([key, values]) => [key, [...(Array.isArray(values) ? values : Object.keys(values))].sort()]),
  );
}

describe.skipIf(dockerMajor() < COMPARED_VERSION)("config.json as Docker's client takes it", () => {
  const same = cases.filter(({ config, line }) => !(LABELS.test(config) && !line.includes('label=keep')));
  it.each(same.map(({ line, config }) => [line, config] as const))('%s with %s', async (line, config) => {
    writeFileSync(join(engine.folder, 'config.json'), config);
    try {
      // A host that is named would win over the context.
      const options = config.includes('currentContext') ? { env: { DOCKER_HOST: '' } } : {};
      const docker = findDocker() ?? 'docker';
      const theirs = await outcome((fake, args) => runClient(fake, [docker], args, options), line);
      const ours = await outcome((fake, args) => runBerth(fake, args, options), line);
      expect(ours).toEqual(theirs);
    } finally {
      rmSync(join(engine.folder, 'config.json'));
    }
  });

  it.each([
    ['container prune -f', { label: ['x'], 'label!': ['keep'], until: ['1h'] }],
    ['container prune -f --filter label=keep', { label: ['keep', 'x'], until: ['1h'] }],
    ['container prune -f --filter label!=x', { 'label!': ['keep', 'x'], until: ['1h'] }],
    ['container prune -f --filter until=2h', { label: ['x'], 'label!': ['keep'], until: ['1h', '2h'] }],
  ])('pruneFilters go with %s unless it asks for the opposite', async (line, filters) => {
    const pruneFilters = ['label!=keep', 'label=x', 'until=1h', 'bad'];
    writeFileSync(join(engine.folder, 'config.json'), JSON.stringify({ pruneFilters }));
    try {
      expect((await outcome(runBerth, line)).seen[0]?.filters).toEqual(filters);
    } finally {
      rmSync(join(engine.folder, 'config.json'));
    }
  });

  it.each([
    'a=b,c=d',
    '"x-own=b,c"',
    'x-own',
    '=y',
    'X-Own=1,x-two=2',
    'x-own=a, x-two=b',
    'x-own=a,x-own=b',
    'User-Agent=mine',
  ])('DOCKER_CUSTOM_HEADERS=%s takes the place of HttpHeaders', async (text) => {
    writeFileSync(join(engine.folder, 'config.json'), JSON.stringify({ HttpHeaders: { 'x-two': 'configured' } }));
    try {
      const options = { env: { DOCKER_CUSTOM_HEADERS: text } };
      const docker = findDocker() ?? 'docker';
      const theirs = await outcome((fake, args) => runClient(fake, [docker], args, options), 'ps -q');
      expect(await outcome((fake, args) => runBerth(fake, args, options), 'ps -q')).toEqual(theirs);
    } finally {
      rmSync(join(engine.folder, 'config.json'));
    }
  });

  it.each(['pull busybox', 'push busybox', 'create busybox', 'run busybox'])(
    'DOCKER_CONTENT_TRUST is not overheard: %s',
    async (line) => {
      const asked = await runBerth(engine, line.split(' '), { env: { DOCKER_CONTENT_TRUST: '1' } });
      expect([asked.code !== 0, asked.stderr]).toEqual([
        true,
        expect.stringContaining('content trust is not supported'),
      ]);
    },
  );

  it('is passed over with a warning when it is no JSON', async () => {
    writeFileSync(join(engine.folder, 'config.json'), '{"psFormat": ');
    try {
      const { code, stderr } = await runBerth(engine, ['ps', '-q']);
      expect([code, stderr]).toEqual([
        0,
        expect.stringMatching(/^WARNING: Error parsing config file \(.*config\.json\): /),
      ]);
    } finally {
      rmSync(join(engine.folder, 'config.json'));
    }
  });
});
