import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type ComposeBench, composeBench, UNREACHABLE } from '../../support/compose-bench.ts';
import { docker } from '../../support/docker.ts';

const SLEEP = { command: 'sleep 1000', stop_grace_period: '0s' };

let bench: ComposeBench;
beforeAll(async () => {
  bench = await composeBench('ups');
});
afterEach(() => bench.clear());
afterAll(() => bench[Symbol.asyncDispose]());

const up = (...words: string[]) => bench.ok('up', ...words);
const idOf = (name: string) => bench.inspect(name, '{{.Id}}');
const state = (name: string) => bench.inspect(name, '{{.State.Status}}');

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
    '--detach --menu',
    '--watch --no-build',
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
    ['--wait --wait-timeout=-1', '--wait-timeout must be a non-negative integer'],
    ['--scale typo=2', 'no such service: typo'],
    ['--scale web', 'invalid --scale option "web"'],
    ...pairs,
  ])('up %s', async (words, message) => {
    bench.write({ web: SLEEP, other: SLEEP });
    const { code, stderr } = await bench.here('up', ...words.split(' '));
    expect(stderr).toContain(message);
    if (message === 'incompatible')
      for (const flag of words.split(' ')) expect(stderr).toContain(flag.replace(/=.*/, ''));
    expect(code).toBe(1);
    expect(await bench.containers()).toEqual([]);
  });

  it('a project without an active service', async () => {
    bench.write({ web: { ...SLEEP, profiles: ['more'] } });
    expect(await bench.here('up')).toMatchObject({ code: 1, stderr: 'no service selected\n' });
  });
});

describe('which containers are made anew', () => {
  const write = (value: string) =>
    bench.write({ web: { ...SLEEP, environment: { VALUE: value }, depends_on: ['db'] }, db: SLEEP });
  const ids = async () => ({ web: await idOf('ups-web-1'), db: await idOf('ups-db-1') });

  it.each([
    ['up -d: none that is as it was', '', '1', []],
    ['up -d: the one that changed', '', '2', ['web']],
    ['up --force-recreate: all', '--force-recreate', '1', ['web', 'db']],
    ['up --force-recreate: all that are named', '--force-recreate web', '1', ['web']],
    ['up --no-recreate: none, whatever changed', '--no-recreate', '2', []],
    ['up --always-recreate-deps: what it depends on', '--always-recreate-deps web', '1', ['db']],
  ] as const)('%s', async (_, words, value, anew) => {
    write('1');
    await up('-d');
    const before = await ids();
    write(value);
    await up('-d', ...words.split(' ').filter(Boolean));
    const after = await ids();
    expect((['web', 'db'] as const).filter((name) => before[name] !== after[name])).toEqual(anew);
  });

  it('up --timeout, up -t: seconds until one that is made anew is killed', async () => {
    const deaf = { command: ['sh', '-c', 'trap "" TERM; while true; do sleep 0.1; done'], stop_grace_period: '10m' };
    bench.write({ web: deaf });
    await up('-d');
    for (const flag of ['--timeout=0', '-t0']) {
      const before = await idOf('ups-web-1');
      // Without the flag it would take ten minutes.
      await up('-d', '--force-recreate', flag);
      expect(await idOf('ups-web-1')).not.toBe(before);
    }
    await docker(bench.engine, ['kill', 'ups-web-1']);
  });

  it('up --remove-orphans: those of services that are gone', async () => {
    bench.write({ old: SLEEP, web: SLEEP });
    await up('-d');
    bench.write({ web: SLEEP });
    expect((await up('-d')).stderr).toContain('Found orphan containers ([ups-old-1])');
    expect((await up('-d', '--remove-orphans')).stderr).not.toContain('Found orphan');
    expect(await bench.containers()).toEqual(['ups-web-1']);
  });

  it('up --remove-orphans: a variable says it too, unless the flag says no', async () => {
    const up = (env: Record<string, string>, ...words: string[]) => bench.with(env, 'up', '-d', ...words);
    bench.write({ old: SLEEP, web: SLEEP });
    await up({});
    bench.write({ web: SLEEP });
    const both = await up({ COMPOSE_IGNORE_ORPHANS: '1' }, '--remove-orphans');
    expect(both).toMatchObject({ code: 1, stderr: 'COMPOSE_IGNORE_ORPHANS and --remove-orphans are incompatible\n' });
    expect((await up({ COMPOSE_IGNORE_ORPHANS: 'true' })).stderr).not.toContain('orphan');
    expect((await up({ COMPOSE_REMOVE_ORPHANS: '1' }, '--remove-orphans=false')).stderr).toContain('Found orphan');
    expect(await bench.containers()).toEqual(['ups-old-1', 'ups-web-1']);
    expect((await up({ COMPOSE_REMOVE_ORPHANS: 'true' })).code).toBe(0);
    expect(await bench.containers()).toEqual(['ups-web-1']);
  });

  it('up --scale: so many of a service, more or less than there are', async () => {
    bench.write({ web: { ...SLEEP, scale: 3 }, db: SLEEP });
    await up('-d', '--scale', 'web=1', '--scale=db=2');
    expect(await bench.containers()).toEqual(['ups-db-1', 'ups-db-2', 'ups-web-1']);
    await up('-d', '--scale', 'db=1');
    expect(await bench.containers()).toEqual(['ups-db-1', 'ups-web-1', 'ups-web-2', 'ups-web-3']);
  });
});

describe('volumes', () => {
  const touch = () => docker(bench.engine, ['exec', 'ups-web-1', 'touch', '/data/kept']);
  const content = async () => (await docker(bench.engine, ['exec', 'ups-web-1', 'ls', '/data'])).stdout;

  it('up -V, up --renew-anon-volumes: new ones, which else are those of the container before', async () => {
    bench.write({ web: { ...SLEEP, volumes: ['/data'] } });
    await up('-d');
    for (const flag of ['-V', '--renew-anon-volumes']) {
      await touch();
      await up('-d', '--force-recreate');
      expect(await content()).toBe('kept\n');
      await up('-d', '--force-recreate', flag);
      expect(await content()).toBe('');
    }
  });

  it('up -y, up --yes: a volume that does not fit the file is made anew', async () => {
    const write = (label: string) =>
      bench.write({ web: { ...SLEEP, volumes: ['data:/data'] } }, { volumes: { data: { labels: { label } } } });
    write('first');
    await up('-d');
    for (const flag of ['-y', '--yes', '--y']) {
      await touch();
      write(`for ${flag}`);
      expect((await up('-d')).stderr).toContain(`Volume "ups_data" exists but doesn't match configuration`);
      expect(await content()).toBe('kept\n');
      await up('-d', flag);
      expect(await content()).toBe('');
      expect(await bench.inspect('ups_data', '{{.Labels.label}}')).toBe(`for ${flag}`);
    }
  });
});

it('up --no-start: made and left so; up --no-deps: without the others', async () => {
  bench.write({ web: { ...SLEEP, depends_on: ['db'] }, db: SLEEP });
  await up('--no-start', '--no-deps', 'web');
  expect(await bench.containers()).toEqual(['ups-web-1']);
  expect(await state('ups-web-1')).toBe('created');
  await up('--no-start');
  expect(await state('ups-db-1')).toBe('created');
});

it('up --no-deps: the others stay away', async () => {
  bench.write({ web: { ...SLEEP, depends_on: ['db'] }, db: SLEEP });
  await up('-d', '--no-deps', 'web');
  expect(await bench.containers()).toEqual(['ups-web-1']);
  expect(await state('ups-web-1')).toBe('running');
});

describe('images', () => {
  it.each([
    ['up --pull: missing, and it is there', 'missing', 0, ''],
    ['up --pull: never, and it is there', 'never', 0, ''],
    ['up --pull: always', 'always', 1, '127.0.0.1:1'],
  ])('%s', async (_, policy, code, message) => {
    bench.write({ web: { image: UNREACHABLE, command: 'true' } });
    const result = await bench.here('up', '-d', '--pull', policy);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
    expect(result.stderr.includes('Pulling')).toBe(policy === 'always');
    expect(await bench.containers()).toEqual(code ? [] : ['ups-web-1']);
  });

  it.each([
    ['up --pull: missing, and it is not there', 'missing', true],
    ['up --pull: never, and it is not there', 'never', false],
  ])('%s', async (_, policy, isTried) => {
    bench.write({ web: { image: '127.0.0.1:1/absent:1', command: 'true' } });
    const { code, stderr } = await bench.here('up', '-d', '--pull', policy);
    expect(code).toBe(1);
    expect(stderr.includes('Pulling')).toBe(isTried);
    expect(stderr).toContain('127.0.0.1:1');
  });

  it('up --quiet-pull: of pulls what failed alone', async () => {
    bench.write({ web: { image: UNREACHABLE, command: 'true' } });
    const { code, stderr } = await bench.here('up', '-d', '--pull', 'always', '--quiet-pull');
    expect(code).toBe(1);
    expect(stderr).toContain('127.0.0.1:1');
    expect(stderr).not.toContain('Pulling');
  });

  describe('that are built', () => {
    const write = (word: string) => {
      bench.write({ web: { build: bench.project.folder, ...SLEEP } });
      bench.project.write('Dockerfile', `FROM busybox\nRUN echo ${word} > /made\n`);
    };
    const made = async () => (await docker(bench.engine, ['exec', 'ups-web-1', 'cat', '/made'])).stdout;
    afterEach(() => bench.ok('down', '-t', '0', '--rmi', 'local'));

    it('up --no-build: none is built', async () => {
      write('first');
      const refused = await bench.here('up', '-d', '--no-build');
      expect(refused.code).toBe(1);
      expect(refused.stderr).toContain('ups-web');
      expect(await bench.containers()).toEqual([]);
    });

    it('up --build: again, though there is one', async () => {
      write('first');
      await up('-d');
      write('second');
      await up('-d');
      expect(await made()).toBe('first\n');
      await up('-d', '--build');
      expect(await made()).toBe('second\n');
    });

    it('up --quiet-build: nothing is said of it', async () => {
      write('first');
      const quiet = await up('-d', '--quiet-build');
      expect(quiet.stdout).toBe('');
      expect(quiet.stderr).not.toMatch(/RUN|Built/);
      expect(await made()).toBe('first\n');
      expect((await up('-d', '--build')).stderr).toMatch(/RUN[\s\S]*Built/);
    });
  });
});

describe('what is waited for', () => {
  const CHECK = { interval: '100ms', start_period: '20m', start_interval: '100ms' };

  it('up --wait: until all are healthy', async () => {
    bench.write({ web: { ...SLEEP, healthcheck: { ...CHECK, test: 'true', retries: 1 } } });
    await up('-d');
    expect((await up('--wait', '--wait-timeout', '0')).stdout).toBe('');
    expect(await bench.inspect('ups-web-1', '{{.State.Health.Status}}')).toBe('healthy');
  });

  it('up --wait-timeout: ends the waiting, and has no effect without --wait', async () => {
    bench.write({ web: { ...SLEEP, healthcheck: { ...CHECK, test: 'false', retries: 1000 } } });
    const { code, stderr } = await bench.here('up', '--wait', '--wait-timeout', '1');
    expect(stderr).toContain('application not healthy after 1s');
    expect(code).toBe(1);
    expect((await up('-d', '--wait-timeout', '1')).stderr).toContain('--wait-timeout has no effect without --wait');
  });
});
