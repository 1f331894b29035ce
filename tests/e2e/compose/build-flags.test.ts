import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composeHere, type ProjectFolder, projectFolder } from '../../support/compose.ts';
import { type FakeEngine, startFakeEngine } from '../../support/fake-engine.ts';

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
  rmSync(join(project.folder, '.env'), { force: true });
});
afterAll(async () => {
  project[Symbol.dispose]();
  await engine[Symbol.asyncDispose]();
});

const here = (words: string[], env: Record<string, string> = {}) =>
  composeHere(engine, project, ['-f', join(project.folder, 'compose.yaml'), ...words], { env });
const CLASSIC = { DOCKER_BUILDKIT: '0' };
const builds = () => engine.seen.filter(({ method, path }) => method === 'POST' && path === '/build');

const NOTHING = { nocache: undefined, pull: undefined, forcerm: undefined, memory: undefined, rm: undefined };

it.each<[title: string, flags: string, query: Record<string, string | undefined>]>([
  ['build without flags: no option', '', { ...NOTHING, buildargs: undefined }],
  ['build --no-cache: no cache', '--no-cache', { nocache: '1' }],
  ['build --pull: newer bases', '--pull', { pull: '1' }],
  ['build --build-arg: all of them', '--build-arg A=1 --build-arg B=2', { buildargs: '{"A":"1","B":"2"}' }],
  ['build -m: bytes', '-m 64m', { memory: String(64 * 1024 * 1024) }],
  ['build --memory: bytes', '--memory 1g', { memory: String(1024 ** 3) }],
  ['build --force-rm: of failed steps too', '--force-rm', { forcerm: '1' }],
  ['build --no-rm: keeps containers of steps', '--no-rm', { rm: '0' }],
  ['build --builder: the one there is', '--builder default', NOTHING],
  ['build --provenance: none is what is made', '--provenance=false', NOTHING],
  ['build --sbom: none is what is made', '--sbom=false', NOTHING],
])('%s', async (_, flags, query) => {
  const { code, stderr } = await here(['build', ...flags.split(' ').filter(Boolean), 'web'], CLASSIC);
  expect(stderr).not.toContain('will be ignored');
  expect(code).toBe(0);
  expect(builds().map((request) => request.query)).toEqual([expect.objectContaining({ t: '127.0.0.1:1/web' })]);
  for (const [key, value] of Object.entries(query)) expect(builds()[0]?.query[key]).toBe(value);
});

it.each([
  ['build web: it alone', '', ['127.0.0.1:1/web']],
  ['build --with-dependencies: what it depends on too', '--with-dependencies', ['words-db', '127.0.0.1:1/web']],
])('%s', async (_, flag, images) => {
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

it('build --push: what was built and has a name', async () => {
  engine.routes['POST /images/*'] = { status: 500, json: { message: 'no push today' } };
  const { code, stderr } = await here(['build', '--push'], CLASSIC);
  const posts = engine.seen.filter(({ method }) => method === 'POST').map(({ path }) => path);
  expect(posts.sort()).toEqual(['/build', '/build', '/images/127.0.0.1:1/web/push']);
  expect(stderr).toContain('no push today');
  expect(code).toBe(1);
});

it.each([
  ['build --ssh: an agent that is not there', ['--ssh', 'default=/nonexistent/agent'], '/nonexistent/agent'],
  ['build --ssh: an empty one is the agent', ['--ssh='], 'SSH_AUTH_SOCK'],
  ['build --ssh: a name without a path', ['--ssh', 'mine'], 'invalid ssh key "mine"'],
  ['build --builder: one that is not there', ['--builder', 'mine'], 'no builder "mine" found'],
  ['build --provenance: not made', ['--provenance', 'mode=max'], '--provenance'],
  ['build --sbom: not made', ['--sbom', 'true'], '--sbom'],
])('%s is refused', async (_, words, said) => {
  const { code, stderr } = await here(['build', ...words, 'web']);
  expect(stderr).toContain(said);
  expect(code).toBe(1);
  expect(builds()).toEqual([]);
});

it('build --check: what is wrong, and nothing is built or pushed', async () => {
  project.write('wrong/Dockerfile', 'from scratch\nCOPY a /a\n');
  project.write('wrong.yaml', JSON.stringify({ services: { web: { build: './wrong', image: '127.0.0.1:1/web' } } }));
  const file = ['-f', join(project.folder, 'wrong.yaml')];
  const wrong = await composeHere(engine, project, [...file, 'build', '--check', '--push']);
  expect(wrong.stdout + wrong.stderr).toMatch(/ConsistentInstructionCasing/);
  expect(wrong.code).toBe(1);
  expect((await here(['build', '--check', 'web'])).code).toBe(0);
  expect(engine.seen.filter(({ method }) => method === 'POST')).toEqual([]);
});

it('build --print: the flags are in the file', async () => {
  const words = ['--no-cache', '--pull', '--push', '--ssh=default', '--provenance=mode=max', '--sbom=true'];
  const printed = async (...more: string[]) =>
    (JSON.parse((await here(['build', '--print', ...more])).stdout) as { target: Record<string, object> }).target;
  const without = await printed();
  expect(Object.keys(without).sort()).toEqual(['db', 'web']);
  expect(without.web).toEqual({
    ...{ context: project.folder, dockerfile: 'Dockerfile', tags: ['127.0.0.1:1/web'], output: ['type=docker'] },
  });
  const { web, db } = await printed(...words, '--build-arg', 'A=1');
  const all = { 'no-cache': true, pull: true, ssh: ['default'], args: { A: '1' } };
  expect(web).toMatchObject({ ...all, attest: ['type=provenance,mode=max', 'type=sbom'], output: ['type=registry'] });
  expect(db).toMatchObject({ ...all, output: ['type=docker'] });
  expect((await printed('--check')).web).toMatchObject({ call: 'lint' });
  expect(engine.seen).toEqual([]);
});

const NOTE = '--progress is a global compose flag, better use `berth compose --progress xx build ...`\n';

it.each([
  ['build -q: nothing', ['build', '-q', 'web'], false, /^$/],
  ['build --quiet: nothing', ['build', '--quiet', 'web'], false, /^$/],
  ['build --progress: quiet is nothing', ['build', '--progress', 'quiet', 'web'], false, /^$/],
  ['--progress: quiet is nothing', ['--progress', 'quiet', 'build', 'web'], false, /^$/],
  ['--progress: none is nothing', ['--progress', 'none', 'build', 'web'], false, /^$/],
  ['--progress: plain lines', ['--progress', 'plain', 'build', 'web'], true, /FROM scratch[\s\S]* web {2}Built \n$/],
  ['--progress: json all over', ['--progress', 'json', 'build', 'web'], true, /^(\{.*\}\n)+$/],
  ['build --progress: json all over', ['build', '--progress', 'json', 'web'], true, /^(\{.*\}\n)+$/],
])('%s', async (_, words, isSaid, shown) => {
  const { code, stdout, stderr } = await here(words);
  expect(code).toBe(0);
  expect(stdout).toBe('');
  const isBehind = words.indexOf('build') < words.indexOf('--progress');
  expect(stderr.startsWith(NOTE)).toBe(isBehind);
  const rest = stderr.slice(isBehind ? NOTE.length : 0);
  expect(rest).toMatch(shown);
  expect(rest.includes('FROM scratch')).toBe(isSaid);
});

it.each<[words: string[], env: Record<string, string>, said: string]>([
  [['build', '--progress', 'dots', 'web'], {}, 'unsupported --progress value "dots"'],
  [['--progress', 'dots', 'build', 'web'], {}, 'unsupported --progress value "dots"'],
  [['--progress', 'constructor', 'build', 'web'], {}, 'unsupported --progress value "constructor"'],
  [['build', 'web'], { COMPOSE_PROGRESS: 'dots' }, 'unsupported --progress value "dots"'],
  [['build', 'web'], { COMPOSE_PARALLEL_LIMIT: 'x' }, 'COMPOSE_PARALLEL_LIMIT must be an integer (found: "x")'],
  [['--parallel', 'x', 'build', 'web'], {}, 'invalid argument "x" for "--parallel" flag'],
  [['--ansi', 'never', '--progress', 'tty', 'build', 'web'], {}, "can't use --progress tty while ANSI support is"],
  [['--ansi', 'always', '--progress', 'plain', 'build', 'web'], {}, "can't use --progress plain while ANSI support is"],
  [['--no-ansi', '--ansi', 'never', 'build', 'web'], {}, '--no-ansi is deprecated and cannot be combined with --ansi'],
  [['--workdir', '.', 'build', 'web'], {}, '--workdir is deprecated and cannot be combined with --project-directory'],
  [['--insecure-registry', 'r:5', 'build', 'web'], {}, '--insecure-registry is not supported by Berth'],
])('%s with %o is refused', async (words, env, said) => {
  const { code, stderr } = await here(words, env);
  expect(stderr).toContain(said);
  expect(code).toBe(words[1] === 'x' ? 16 : 1);
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

describe.each([
  ['pull', '/images/create'],
  ['push', '/push'],
])('%s', (command, end) => {
  it.each<[title: string, words: string[], env: Record<string, string>, most: number]>([
    ['--parallel: one at a time', ['--parallel', '1'], {}, 1],
    ['--parallel: two at a time', ['--parallel', '2'], {}, 2],
    ['--parallel: the variable says it too', [], { COMPOSE_PARALLEL_LIMIT: '2' }, 2],
    ['--parallel: -1 is no limit', ['--parallel', '-1'], { COMPOSE_PARALLEL_LIMIT: '1' }, 5],
    ['--parallel: five at a time without it', [], {}, 5],
  ])('%s', async (_, words, env, most) => {
    const build = command === 'push' ? { build: '.' } : {};
    const all = ['a', 'b', 'c', 'd', 'e'].map((name) => [name, { image: `127.0.0.1:1/${name}`, ...build }]);
    project.write('many.yaml', JSON.stringify({ services: Object.fromEntries(all) }));
    let now = 0;
    let seen = 0;
    let called = 0;
    const waiting: (() => void)[] = [];
    engine.routes['POST /images/*'] = async (_request, response) => {
      seen = Math.max(seen, ++now);
      called++;
      // Each waits until as many are there as may be; the last ones may be fewer.
      await new Promise<void>((resolve) => {
        waiting.push(resolve);
        if (waiting.length >= most || called >= all.length) for (const go of waiting.splice(0)) go();
      });
      now--;
      response.end('');
    };
    const file = ['-f', join(project.folder, 'many.yaml')];
    const { code, stderr } = await composeHere(engine, project, [...words, ...file, command], { env });
    expect({ code, stderr: code ? stderr : '' }).toEqual({ code: 0, stderr: '' });
    expect(engine.seen.filter(({ method, path }) => method === 'POST' && path.endsWith(end)).length).toBe(all.length);
    expect(seen).toBe(most);
  });
});

describe('of a container that is killed', () => {
  const labels = { 'com.docker.compose.project': 'words', 'com.docker.compose.service': 'web' };
  const container = { Id: 'c1', Names: ['/words-web-1'], State: 'running', Labels: labels };
  const said = async (words: string[], env: Record<string, string> = {}) => {
    engine.routes = {
      'GET /containers/json': { json: [container] },
      'POST /containers/*': { status: 500, json: { message: 'not today' } },
    };
    return (await here([...words, 'kill', 'web'], env)).stderr;
  };

  it.each<[title: string, words: string[], shown: RegExp]>([
    ['--progress: auto is plain without a terminal', ['--progress', 'auto'], /^ Container words-web-1 {2}Killing \n/],
    ['--progress: plain', ['--progress', 'plain'], /^ Container words-web-1 {2}Killing \n/],
    ['--progress: quiet has the error alone', ['--progress', 'quiet'], /^[^\n]*not today\n$/],
    ['--progress: tty moves the cursor', ['--progress', 'tty'], /Container words-web-1/],
  ])('%s', async (_, words, shown) => {
    const text = await said(words);
    expect(text).toMatch(shown);
    expect(text).toContain('not today');
    expect(text.includes('\x1b[')).toBe(words[1] === 'tty');
  });

  it('--progress: json of steps and of the error; a variable says it too', async () => {
    for (const text of [await said(['--progress', 'json']), await said([], { COMPOSE_PROGRESS: 'json' })]) {
      const lines = text.trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
        { id: 'Container words-web-1', status: 'Killing' },
        { id: 'Container words-web-1', status: 'Error', error: true, text: expect.stringContaining('not today') },
        { error: true, message: expect.stringContaining('not today') },
      ]);
    }
  });

  it('--progress: json of warnings and what --verbose says too', async () => {
    const lines = (await said(['--progress', 'json', '--verbose', '--dry-run'])).trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { level: 'debug', msg: expect.stringContaining('kill-container'), time: expect.any(String) },
      { 'dry-run': true, id: 'Container words-web-1', status: 'Killing' },
      { 'dry-run': true, id: 'Container words-web-1', status: 'Killed' },
    ]);
    const warned = (await here(['--progress', 'json', 'build', 'other'])).stderr;
    expect(JSON.parse(warned)).toMatchObject({ level: 'warning', msg: 'No services to build' });
  });

  it('--verbose: each call of the engine, and why', async () => {
    expect(await said(['--verbose', '--dry-run'])).toMatch(/^DEBU\[0000\] kill-container \S+/m);
    expect(await said(['--dry-run'])).not.toContain('DEBU');
  });
});

it('--no-ansi: holds, and says what to write instead', async () => {
  expect((await here(['--no-ansi', 'build', 'web'], CLASSIC)).stderr).toMatch(/^option '--no-ansi' is DEPRECATED !/);
});

describe('variables of Compose in a file of variables', () => {
  const composed = (words: string[], env: Record<string, string> = {}) =>
    composeHere(engine, project, [...words, 'config', '--services'], { env });

  it.each<[title: string, words: string[], env: Record<string, string>, shown: string]>([
    ['.env: files and profiles', [], {}, 'first\nsecond\n'],
    ['--env-file: another file', ['--env-file', 'FOLDER/other.env'], {}, 'second\n'],
    ['.env: behind the environment', [], { COMPOSE_PROFILES: '' }, 'second\n'],
  ])('%s', async (_, words, env, shown) => {
    const services = { first: { image: 'a', profiles: ['p'] }, second: { image: 'b' } };
    project.write('listed.yaml', JSON.stringify({ services }));
    const listed = `COMPOSE_FILE=${project.folder}/listed.yaml\n`;
    project.write('.env', `${listed}COMPOSE_PROFILES=p\n`);
    project.write('other.env', listed);
    const { code, stdout } = await composed(
      words.map((word) => word.replace('FOLDER', project.folder)),
      env,
    );
    expect({ code, stdout }).toEqual({ code: 0, stdout: shown });
  });

  it.each([
    ['COMPOSE_PROGRESS=dots', 'unsupported --progress value "dots"'],
    ['COMPOSE_PARALLEL_LIMIT=x', 'COMPOSE_PARALLEL_LIMIT must be an integer'],
    ['COMPOSE_ANSI=some', 'unknown --ansi value: "some"'],
  ])('.env: %s is refused', async (line, said) => {
    project.write('.env', `${line}\n`);
    expect((await here(['config'])).stderr).toContain(said);
  });
});
