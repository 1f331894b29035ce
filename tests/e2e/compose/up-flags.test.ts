import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { composeHere, type ProjectFolder, projectFolder } from '../../support/compose.ts';
import { type CommandResult, docker } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

const SLEEP = { command: 'sleep 1000', stop_grace_period: '0s' };
/** Nothing listens there: a pull fails at once. */
const UNREACHABLE = '127.0.0.1:1/busy:latest';

let engine: TestEngine;
let project: ProjectFolder | undefined;

beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest', UNREACHABLE])]) });
});
afterEach(async () => {
  if (project) await here('down', '-t', '0', '-v', '--remove-orphans');
  project?.[Symbol.dispose]();
  project = undefined;
});
afterAll(() => engine.stop());

function files(services: Record<string, object>): ProjectFolder {
  project ??= projectFolder('ups', {});
  const all = Object.entries(services).map(([name, one]) => [
    name,
    'build' in one ? one : { image: 'busybox', ...one },
  ]);
  project.write('compose.yaml', JSON.stringify({ services: Object.fromEntries(all) }));
  return project;
}

/** Words of `compose` in this process. */
function here(...words: string[]): Promise<CommandResult> {
  const own = project ?? projectFolder('ups', {});
  return composeHere(engine, own, ['-f', path.join(own.folder, 'compose.yaml'), ...words]);
}

async function ok(...words: string[]): Promise<CommandResult> {
  const result = await here(...words);
  if (result.code !== 0)
    throw new Error(`${words.join(' ')} ended with ${result.code}: ${result.stdout}${result.stderr}`);
  return result;
}

const inspect = async (name: string, format: string) =>
  (await docker(engine, ['inspect', '-f', format, name])).stdout.trim();
const state = (name: string) => inspect(name, '{{.State.Status}} {{.State.ExitCode}}');
const containers = async () => {
  const { stdout } = await docker(engine, ['ps', '-a', '--format', '{{.Names}}']);
  return stdout.split('\n').filter(Boolean).sort();
};

describe('flags that are refused before anything is done', () => {
  const pairs = [
    '--wait --abort-on-container-exit',
    '--wait --abort-on-container-failure',
    '--wait --exit-code-from=web',
    '--wait --attach=web',
    '--wait --attach-dependencies',
    '--wait --watch',
    '--no-start --abort-on-container-exit',
    '--no-start --abort-on-container-failure',
    '--no-start --exit-code-from=web',
    '--no-start --attach=web',
    '--no-start --attach-dependencies',
    '--no-start --watch',
    '--no-start --wait',
    '--detach --abort-on-container-exit',
    '--detach --abort-on-container-failure',
    '--detach --exit-code-from=web',
    '--detach --attach=web',
    '--detach --attach-dependencies',
    '--detach --watch',
    '--watch --abort-on-container-exit',
    '--watch --abort-on-container-failure',
    '--watch --exit-code-from=web',
    '--watch --no-build',
    '--watch --wait-timeout=3',
    '--abort-on-container-exit --abort-on-container-failure',
    '--attach=web --attach-dependencies',
    '--no-recreate --renew-anon-volumes',
    '--no-recreate --force-recreate',
    '--no-recreate --always-recreate-deps',
    '--build --no-build',
  ].map((words): [string, string] => [words, 'incompatible']);

  it.each<[words: string, message: string]>([
    ['--exit-code-from typo', 'no such service: typo'],
    ['--attach typo', 'no such service: typo'],
    ['--no-attach typo', 'no such service: typo'],
    ['--exit-code-from other web', 'no such service: other'],
    ['--attach other web', 'cannot attach to services not included in up: other'],
    ['--pull sometimes', 'invalid --pull option "sometimes"'],
    ...pairs,
  ])('up %s', async (words, message) => {
    files({ web: SLEEP, other: SLEEP });
    const { code, stderr } = await here('up', ...words.split(' '));
    expect(stderr).toContain(message);
    if (message === 'incompatible')
      for (const flag of words.split(' ')) expect(stderr).toContain(flag.replace(/=.*/, ''));
    expect(code).toBe(1);
    expect(await containers()).toEqual([]);
  });
});

it.each([
  ['--abort-on-container-exit', 3],
  ['--abort-on-container-failure', 3],
  ['--exit-code-from=bad', 3],
  ['--exit-code-from=other', 143],
])('up %s: one ends with 3, the other is stopped', async (flag, code) => {
  files({
    bad: { command: ['sh', '-c', 'exit 3'] },
    other: { command: ['sh', '-c', 'trap "exit 143" TERM; while true; do sleep 0.05; done'] },
  });
  expect((await here('up', flag)).code).toBe(code);
  expect(await state('ups-bad-1')).toBe('exited 3');
  expect(await state('ups-other-1')).toMatch(/^exited/);
});

it('--abort-on-container-failure lets those go on whose neighbour ends well', async () => {
  files({
    good: { command: 'true' },
    bad: { command: ['sh', '-c', 'exit 6'], depends_on: { good: { condition: 'service_completed_successfully' } } },
    other: SLEEP,
  });
  expect((await here('up', '--abort-on-container-failure')).code).toBe(6);
});

it.each([
  ['up web', ['web']],
  ['up --attach-dependencies web', ['db', 'web']],
  ['up --attach db web', ['db']],
  ['up', ['db', 'side', 'web']],
  ['up --no-attach db --no-attach side', ['web']],
  ['up --no-deps web', ['web']],
])('%s: whose output is shown', async (words, shown) => {
  files({
    web: { command: 'echo I am web', depends_on: ['db'] },
    db: { command: 'echo I am db' },
    side: { command: 'echo I am side' },
  });
  const { stdout } = await ok(...words.split(' '));
  expect([...stdout.matchAll(/\| I am (\w+)$/gm)].map(([, name]) => name).sort()).toEqual(shown);
  expect((await containers()).includes('ups-db-1')).toBe(!words.includes('--no-deps'));
});

it('shows once what was said before all were up, and again what is said after a restart', async () => {
  files({
    first: { command: 'echo from first' },
    again: { command: ['sh', '-c', 'echo from again; exit 1'], restart: 'on-failure:2' },
    last: { command: 'echo from last', depends_on: { first: { condition: 'service_completed_successfully' } } },
  });
  const { stdout } = await ok('up');
  const shown = [...stdout.matchAll(/\| from (\w+)$/gm)].map(([, name]) => name);
  expect(shown.sort(), stdout).toEqual(['again', 'again', 'again', 'first', 'last']);
});

it('--timestamps puts the time before each line', async () => {
  files({ web: { command: ['sh', '-c', 'echo one; echo two'] } });
  const before = new Date().toISOString();
  const { stdout } = await ok('up', '--timestamps');
  const times = [...stdout.matchAll(/^web-1 {2}\| (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z) (?:one|two)$/gm)];
  expect(times.length).toBe(2);
  for (const [, time = ''] of times) expect(time >= before && time <= new Date().toISOString()).toBe(true);
  expect((await ok('up', '--no-log-prefix')).stdout).toMatch(/^one\ntwo\n/m);
});

describe('which containers are made anew', () => {
  const write = (value: string) =>
    files({ web: { ...SLEEP, environment: { VALUE: value }, depends_on: ['db'] }, db: SLEEP });
  const ids = async () => ({ web: await inspect('ups-web-1', '{{.Id}}'), db: await inspect('ups-db-1', '{{.Id}}') });

  it.each([
    ['', '1', []],
    ['', '2', ['web']],
    ['--force-recreate', '1', ['web', 'db']],
    ['--force-recreate web', '1', ['web']],
    ['--no-recreate', '2', []],
    ['--always-recreate-deps web', '1', ['db']],
  ] as const)('up -d %s with value %s', async (words, value, anew) => {
    write('1');
    await ok('up', '-d');
    const before = await ids();
    write(value);
    await ok('up', '-d', ...words.split(' ').filter(Boolean));
    const after = await ids();
    expect((['web', 'db'] as const).filter((name) => before[name] !== after[name])).toEqual(anew);
  });
});

it('-V gives a new anonymous volume, which a container made anew has from the one before else', async () => {
  files({ web: { ...SLEEP, volumes: ['/data'] } });
  await ok('up', '-d');
  await docker(engine, ['exec', 'ups-web-1', 'touch', '/data/kept']);
  const content = async () => (await docker(engine, ['exec', 'ups-web-1', 'ls', '/data'])).stdout;
  await ok('up', '-d', '--force-recreate');
  expect(await content()).toBe('kept\n');
  await ok('up', '-d', '--force-recreate', '-V');
  expect(await content()).toBe('');
});

it('--no-start makes them and leaves them so; --no-deps leaves the others out', async () => {
  files({ web: { ...SLEEP, depends_on: ['db'] }, db: SLEEP });
  await ok('up', '--no-start', '--no-deps', 'web');
  expect(await containers()).toEqual(['ups-web-1']);
  expect(await state('ups-web-1')).toBe('created 0');
  await ok('up', '--no-start');
  expect(await state('ups-db-1')).toBe('created 0');
});

describe('images', () => {
  it.each([
    ['missing', 0, ''],
    ['never', 0, ''],
    ['always', 1, '127.0.0.1:1'],
  ])('up --pull %s of one that is there', async (policy, code, message) => {
    files({ web: { image: UNREACHABLE, command: 'true' } });
    const result = await here('up', '-d', '--pull', policy);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
    expect(result.stderr.includes('Pulling')).toBe(policy === 'always');
    expect(await containers()).toEqual(code ? [] : ['ups-web-1']);
  });

  it.each([
    ['missing', true],
    ['never', false],
  ])('up --pull %s of one that is not there', async (policy, isTried) => {
    files({ web: { image: '127.0.0.1:1/absent:1', command: 'true' } });
    const { code, stderr } = await here('up', '-d', '--pull', policy);
    expect(code).toBe(1);
    expect(stderr.includes('Pulling')).toBe(isTried);
    expect(stderr).toContain('127.0.0.1:1');
  });

  it('--quiet-pull says of pulls what failed alone', async () => {
    files({ web: { image: UNREACHABLE, command: 'true' } });
    const { code, stderr } = await here('up', '-d', '--pull', 'always', '--quiet-pull');
    expect(code).toBe(1);
    expect(stderr).toContain('127.0.0.1:1');
    expect(stderr).not.toContain('Pulling');
  });

  it('--no-build builds nothing, --quiet-build says nothing of the build', async () => {
    const own = files({ web: { build: '.', ...SLEEP } });
    own.write('Dockerfile', 'FROM busybox\nRUN echo built-here > /made\n');
    const refused = await here('up', '-d', '--no-build');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('ups-web');
    expect(await containers()).toEqual([]);
    const quiet = await ok('up', '-d', '--quiet-build');
    expect(quiet.stdout).toBe('');
    expect(quiet.stderr).not.toMatch(/built-here|Built/);
    expect((await docker(engine, ['exec', 'ups-web-1', 'cat', '/made'])).stdout).toBe('built-here\n');
    expect((await ok('up', '-d', '--build')).stderr).toMatch(/built-here/);
    await ok('down', '-t', '0', '--rmi', 'local');
  });
});

it('--wait-timeout ends the waiting, and has no effect without --wait', async () => {
  files({
    web: { ...SLEEP, healthcheck: { test: 'true', interval: '10m', start_period: '20m', start_interval: '10m' } },
  });
  const { code, stderr } = await here('up', '--wait', '--wait-timeout', '1');
  expect(stderr).toContain('application not healthy after 1s');
  expect(code).toBe(1);
  expect((await ok('up', '-d', '--wait-timeout', '1')).stderr).toContain('--wait-timeout has no effect without --wait');
});

describe('up --watch', () => {
  const WATCHED = {
    web: {
      build: '.',
      stop_grace_period: '1s',
      develop: { watch: [{ path: './src', action: 'rebuild' }] },
    },
    quiet: { command: ['sh', '-c', 'echo never shown; sleep 1000'], stop_grace_period: '0s' },
  };
  const folder = () => {
    const own = files(WATCHED);
    own.write('src/word', 'first\n');
    own.write(
      'Dockerfile',
      'FROM busybox\nCOPY src/word /word\nCMD ["sh", "-c", "trap \'exit 0\' TERM; cat /word; while true; do sleep 0.05; done"]\n',
    );
    return own;
  };

  it('shows output, also of what was built again, and stops all at its end', async () => {
    const own = folder();
    const main = path.resolve('apps/cli/main.ts');
    const child = spawn(process.execPath, [main, 'compose', 'up', '--watch', '--no-attach', 'quiet'], {
      cwd: own.folder,
      env: { ...process.env, DOCKER_HOST: engine.host, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (piece: Buffer) => {
        said += piece;
      });
    const ended = once(child, 'exit');
    await expect.poll(() => said, { timeout: 60_000 }).toContain('web-1  | first\n');
    await expect.poll(() => said, { timeout: 60_000 }).toContain('Watch enabled');
    own.write('src/word', 'second\n');
    await expect.poll(() => said, { timeout: 60_000 }).toContain('web-1  | second\n');
    child.kill('SIGINT');
    expect((await ended)[0]).toBe(130);
    expect(said).not.toContain('never shown');
    expect(await state('ups-web-1')).toMatch(/^exited/);
    expect(await state('ups-quiet-1')).toMatch(/^exited/);
    await ok('down', '-t', '0', '--rmi', 'local');
  });

  it.each([['up --watch'], ['watch'], ['watch --no-up']])('--dry-run %s ends', async (words) => {
    folder();
    const { code, stderr } = await here('--dry-run', ...words.split(' '));
    expect(code).toBe(0);
    expect(stderr).not.toContain('Watch enabled');
    expect(await containers()).toEqual([]);
  });
});
