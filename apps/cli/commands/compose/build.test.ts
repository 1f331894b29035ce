import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { composeHere, type ProjectFolder, projectFolder } from '../../../../tests/support/compose.ts';
import { type FakeEngine, startFakeEngine } from '../../../../tests/support/fake-engine.ts';

const ID = `sha256:${'a'.repeat(64)}`;
const STREAM = [
  { stream: 'Step 1/1 : FROM scratch' },
  { stream: '\n' },
  { stream: ' ---> aaaaaaaaaaaa\n' },
  { aux: { ID } },
  { stream: 'Successfully built aaaaaaaaaaaa\n' },
];
const text = STREAM.map((message) => `${JSON.stringify(message)}\r\n`).join('');

let engine: FakeEngine;
let project: ProjectFolder;
beforeAll(async () => {
  engine = await startFakeEngine();
  const web = { build: '.', image: '127.0.0.1:1/web', depends_on: ['db'] };
  project = projectFolder('words', {
    Dockerfile: 'FROM scratch\n',
    'compose.yaml': JSON.stringify({ services: { web, db: { build: '.' }, other: { image: 'busybox' } } }),
  });
});
beforeEach(() => {
  engine.routes = { 'POST /build': { text }, 'POST /images/*': { text: '' } };
  engine.seen.length = 0;
});
afterAll(async () => {
  project[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
});

const here = (words: string[], env: Record<string, string> = {}) =>
  composeHere(engine, project, ['-f', join(project.folder, 'compose.yaml'), ...words], { env });
const CLASSIC = { DOCKER_BUILDKIT: '0' };
const builds = () => engine.seen.filter(({ method, path }) => method === 'POST' && path === '/build');

it.each<[flags: string, query: Record<string, string | undefined>]>([
  [
    '',
    { nocache: undefined, pull: undefined, forcerm: undefined, memory: undefined, rm: undefined, buildargs: undefined },
  ],
  ['--no-cache', { nocache: '1' }],
  ['--pull', { pull: '1' }],
  ['--build-arg A=1 --build-arg B=2', { buildargs: '{"A":"1","B":"2"}' }],
  ['-m 64m', { memory: String(64 * 1024 * 1024) }],
  ['--memory 1g', { memory: String(1024 ** 3) }],
  ['--force-rm', { forcerm: '1' }],
  ['--no-rm', { rm: '0' }],
])('build %s: what the engine is asked for', async (flags, query) => {
  const { code, stderr } = await here(['build', ...flags.split(' ').filter(Boolean), 'web'], CLASSIC);
  expect(stderr).not.toContain('DEPRECATED and');
  expect(code).toBe(0);
  expect(builds().map((request) => request.query)).toEqual([expect.objectContaining({ t: '127.0.0.1:1/web' })]);
  for (const [key, value] of Object.entries(query)) expect(builds()[0]?.query[key]).toBe(value);
});

it.each([
  ['', ['127.0.0.1:1/web']],
  ['--with-dependencies', ['words-db', '127.0.0.1:1/web']],
])('build %s web: whose images', async (flag, images) => {
  expect((await here(['build', ...(flag ? [flag] : []), 'web'], CLASSIC)).code).toBe(0);
  expect(builds().map(({ query }) => query.t)).toEqual(images);
});

it.each([
  ['', false],
  ['--compress', true],
])('build %s: gzip around the context', async (flag, isCompressed) => {
  expect((await here(['build', ...(flag ? [flag] : []), 'web'], CLASSIC)).code).toBe(0);
  const [request] = builds();
  expect(request?.body.subarray(0, 2).equals(Buffer.from([0x1f, 0x8b]))).toBe(isCompressed);
});

it('build --push pushes what was built', async () => {
  engine.routes['POST /images/*'] = { status: 500, json: { message: 'no push today' } };
  const { code, stderr } = await here(['build', '--push', 'web'], CLASSIC);
  expect(engine.seen.map(({ method, path }) => `${method} ${path}`)).toEqual(
    expect.arrayContaining(['POST /build', 'POST /images/127.0.0.1:1/web/push']),
  );
  expect(stderr).toContain('no push today');
  expect(code).toBe(1);
});

it('build --ssh asks for an agent', async () => {
  const { code, stderr } = await here(['build', '--ssh', 'default=/nonexistent/agent', 'web'], CLASSIC);
  expect(stderr).toContain('/nonexistent/agent');
  expect(code).toBe(1);
  expect(builds()).toEqual([]);
});

it.each([
  [['build', '-q', 'web'], false, /^$/],
  [['build', '--progress', 'quiet', 'web'], false, /^ web {2}Built \n$/],
  [['--progress', 'quiet', 'build', 'web'], false, /^$/],
  [['build', '--progress', 'plain', 'web'], true, /FROM scratch[\s\S]* web {2}Built \n$/],
  [['--progress', 'json', 'build', 'web'], true, /^(\{.*\}\n)+$/],
  [['build', '--progress', 'json', 'web'], true, /^(\{.*\}\n)+ web {2}Built \n$/],
])('%s: how it is shown', async (words, isSaid, shown) => {
  const { code, stdout, stderr } = await here(words);
  expect(code).toBe(0);
  expect(stdout).toBe('');
  expect(stderr).toMatch(shown);
  expect(stderr.includes('FROM scratch')).toBe(isSaid);
});

it.each<[words: string[], env: Record<string, string>, said: string]>([
  [['build', '--progress', 'dots', 'web'], {}, 'unsupported --progress value "dots"'],
  [['--progress', 'dots', 'build', 'web'], {}, 'unsupported --progress value "dots"'],
  [['--progress', 'constructor', 'build', 'web'], {}, 'unsupported --progress value "constructor"'],
  [['build', 'web'], { COMPOSE_PROGRESS: 'dots' }, 'unsupported --progress value "dots"'],
  [['build', 'web'], { COMPOSE_PARALLEL_LIMIT: 'x' }, 'COMPOSE_PARALLEL_LIMIT must be an integer (found: "x")'],
  [['--insecure-registry', 'r:5', 'build', 'web'], {}, '--insecure-registry is not supported by Berth'],
])('%s with %o is refused', async (words, env, said) => {
  const { code, stderr } = await here(words, env);
  expect(stderr).toContain(said);
  expect(code).toBe(1);
  expect(engine.seen).toEqual([]);
});

it.each([
  [['build', '--parallel', 'web'], "option '--parallel' is DEPRECATED and will be ignored.\n"],
  [['build', '--parallel=false', 'web'], "option '--parallel' is DEPRECATED and will be ignored.\n"],
  [['pull', '--parallel', 'other'], "option '--parallel' is DEPRECATED and will be ignored.\n"],
  [['pull', '--no-parallel', 'other'], "option '--no-parallel' is DEPRECATED and will be ignored.\n"],
  [['rm', '--all', '-f'], "option '--all' is DEPRECATED and will be ignored.\n"],
  [['rm', '-a', '-f'], "option '--all' is DEPRECATED and will be ignored.\n"],
])('%s says that a flag does nothing', async (words, said) => {
  engine.routes = { ...engine.routes, 'GET /containers/json': { json: [] } };
  const { code, stderr } = await here(words, CLASSIC);
  expect(stderr.startsWith(said)).toBe(true);
  expect(code).toBe(0);
});

it.each([
  [['--parallel', '1'], {}, 1],
  [['--parallel', '2'], {}, 2],
  [[], { COMPOSE_PARALLEL_LIMIT: '2' }, 2],
  [['--parallel', '-1'], { COMPOSE_PARALLEL_LIMIT: '1' }, 5],
  [[], {}, 5],
])('%s with %o: images that are pulled at a time', async (words, env, most) => {
  const images = ['a', 'b', 'c', 'd', 'e'];
  project.write(
    'many.yaml',
    JSON.stringify({ services: Object.fromEntries(images.map((image) => [image, { image }])) }),
  );
  let now = 0;
  let seen = 0;
  const waiting: (() => void)[] = [];
  engine.routes['POST /images/create'] = async (_request, response) => {
    seen = Math.max(seen, ++now);
    // Each waits until as many are there as may be.
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (now >= most || waiting.length >= most) for (const go of waiting.splice(0)) go();
      // The last ones may be fewer.
      if (engine.seen.filter(({ path }) => path === '/images/create').length >= images.length)
        for (const go of waiting.splice(0)) go();
    });
    now--;
    response.end('');
  };
  const result = await composeHere(engine, project, [...words, '-f', join(project.folder, 'many.yaml'), 'pull'], {
    env,
  });
  expect(result.code).toBe(0);
  expect(seen).toBe(most);
});

it('--verbose says each call of the engine, and why', async () => {
  const container = {
    Id: 'c1',
    Names: ['/words-web-1'],
    State: 'running',
    Labels: { 'com.docker.compose.project': 'words', 'com.docker.compose.service': 'web' },
  };
  engine.routes = { 'GET /containers/json': { json: [container] } };
  const said = async (...words: string[]) => (await here([...words, '--dry-run', 'kill', 'web'])).stderr;
  expect(await said('--verbose')).toMatch(/^DEBU\[0000\] kill-container \S+/m);
  expect(await said()).not.toContain('DEBU');
});
