import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { compose } from '../../../support/compose.ts';
import { type ComposeBench, composeBench } from '../../../support/compose-bench.ts';
import { docker } from '../../../support/docker.ts';

const SLEEPS = 'image: busybox, command: sleep 1000, stop_grace_period: 0s';
const SERVICE = (name: string, more = '') => `  ${name}: {${SLEEPS}${more}}\n`;

let bench: ComposeBench;
const call = (...words: string[]) => bench.here(...words);
const ok = (...words: string[]) => bench.ok(...words);
const names = async (...words: string[]) =>
  (await docker(bench.engine, words)).stdout.split('\n').filter(Boolean).sort().join(' ');
const containers = (...words: string[]) => names('ps', '-a', '--format', '{{.Names}}', ...words);
const running = () => names('ps', '--format', '{{.Names}}');
/** Without what every bench has. */
const images = () => names('images', '--format', '{{.Repository}}', '--filter', 'reference=*');
const started = async (name: string) =>
  (await docker(bench.engine, ['inspect', '--format', '{{.State.StartedAt}}', name])).stdout;

/** A project that is up; the next test begins with none. */
async function up(services: string, ...flags: string[]): Promise<void> {
  bench.project.write('compose.yaml', `services:\n${services}`);
  await ok('up', '-d', ...flags);
}
/** `up` of `app` and `old`, whose service is then gone from the file. */
async function upWithOrphan(): Promise<void> {
  await up(SERVICE('app') + SERVICE('old'));
  bench.project.write('compose.yaml', `services:\n${SERVICE('app')}`);
}

beforeAll(async () => {
  bench = await composeBench('life');
});
afterEach(() => bench.clear());
afterAll(() => bench[Symbol.asyncDispose]());

describe('containers of services that no file names', () => {
  it.each<[string, string[], string]>([
    ['kill: leaves them alone', ['kill'], 'life-old-1'],
    ['kill --remove-orphans: kills them', ['kill', '--remove-orphans'], ''],
    ['stop: leaves them alone', ['stop'], 'life-old-1'],
  ])('%s', async (_, words, left) => {
    await upWithOrphan();
    await ok(...words);
    expect(await running()).toBe(left);
  });

  it('restart, pause, rm -s: leave them alone', async () => {
    await upWithOrphan();
    const [app, old] = [await started('life-app-1'), await started('life-old-1')];
    await ok('restart', '-t', '0');
    expect(await started('life-app-1')).not.toBe(app);
    expect(await started('life-old-1')).toBe(old);
    await ok('pause');
    expect(await containers('--filter', 'status=paused')).toBe('life-app-1');
    await ok('unpause');
    await ok('rm', '-s', '-f');
    expect(await containers()).toBe('life-old-1');
  });
});

it('logs: those of services that the files name', async () => {
  const says = (name: string) => `  ${name}: {image: busybox, command: [echo, of-${name}]}\n`;
  await up(says('app') + says('old'));
  for (const name of ['life-app-1', 'life-old-1']) await docker(bench.engine, ['wait', name]);
  expect((await ok('logs')).stdout.split('\n').sort()).toEqual(['', 'app-1  | of-app', 'old-1  | of-old']);
  bench.project.write('compose.yaml', `services:\n${says('app')}`);
  expect((await ok('logs')).stdout).toBe('app-1  | of-app\n');
});

describe('down --rmi', () => {
  const BUILT = 'build: {context: ., dockerfile_inline: "FROM busybox\\nLABEL a=b\\n"}, command: "true"';
  it.each<[string, string[], string]>([
    ['down without --rmi: leaves images', [], 'busybox life-app named named-too'],
    ['down --rmi local: those without a name in the file', ['--rmi', 'local'], 'busybox named named-too'],
    ['down --rmi all: every one', ['--rmi', 'all'], 'busybox'],
  ])('%s', async (_, flags, left) => {
    await docker(bench.engine, ['tag', 'busybox', 'named-too']);
    await up(`  app: {${BUILT}}\n  own: {${BUILT}, image: named}\n  taken: {image: named-too, command: "true"}\n`);
    await ok('down', ...flags);
    expect(await images()).toBe(left);
    for (const image of left.split(' ').slice(1)) await docker(bench.engine, ['rmi', image]);
  });
});

describe('down', () => {
  const volumes = () => names('volume', 'ls', '-q', '--filter', 'label=com.docker.compose.project=life');
  const MOUNTED = `${SERVICE('app', ', volumes: ["data:/data", /anonymous]')}volumes: {data: }\n`;

  it('down -v: volumes of the files, and those without a name', async () => {
    await up(MOUNTED);
    const anonymous = await names('volume', 'ls', '-q', '--filter', 'dangling=false');
    expect(anonymous.split(' ')).toHaveLength(2);
    await ok('down');
    expect(await volumes()).toBe('life_data');
    await ok('up', '-d');
    await ok('down', '-v');
    expect(await volumes()).toBe('');
    for (const left of anonymous.split(' ').filter((name) => name !== 'life_data'))
      await docker(bench.engine, ['volume', 'rm', left]);
    expect(await names('volume', 'ls', '-q')).toBe('');
  });

  it('down --remove-orphans: containers of services that are gone too', async () => {
    await upWithOrphan();
    await ok('down');
    expect(await containers()).toBe('life-old-1');
    await ok('down', '--remove-orphans');
    expect(await containers()).toBe('');
  });
});

describe('how long a container is given', () => {
  const DEAF =
    '  app: {image: busybox, command: sh -c \'trap "" TERM; while true; do sleep 0.1; done\', stop_grace_period: 1h}\n';
  const ended = (name: string) => names('inspect', '--format', '{{.State.Status}} {{.State.ExitCode}}', name);

  it('stop -t: not as long as the file says', async () => {
    await up(DEAF);
    await ok('stop', '-t', '1');
    expect(await ended('life-app-1')).toBe('exited 137');
  });

  it('restart -t: not as long as the file says', async () => {
    await up(DEAF);
    const before = await started('life-app-1');
    await ok('restart', '-t', '1');
    expect(await started('life-app-1')).not.toBe(before);
  });

  it('down -t: not as long as the file says', async () => {
    await up(DEAF);
    await ok('down', '-t', '1');
    expect(await containers()).toBe('');
  });
});

it('kill -s: the signal that is named', async () => {
  await up(
    '  app: {image: busybox, command: sh -c \'trap "exit 42" USR1; echo ready; while true; do sleep 0.1; done\', stop_grace_period: 0s}\n',
  );
  await expect.poll(async () => (await ok('logs', 'app')).stdout, { timeout: 10_000 }).toContain('ready');
  await ok('kill', '-s', 'USR1');
  expect((await docker(bench.engine, ['wait', 'life-app-1'])).stdout).toBe('42\n');
});

it('kill: nothing that runs is no mistake', async () => {
  await up(SERVICE('app'));
  await ok('kill');
  expect((await ok('kill', 'app')).stderr).toBe('No container to kill\n');
});

it('events --json, events --since, events --until: what happened between', async () => {
  await up(SERVICE('app'));
  await ok('stop');
  const moment = async (field: string) =>
    Date.parse((await docker(bench.engine, ['inspect', '--format', field, 'life-app-1'])).stdout.trim()) / 1000;
  const [made, from] = [await moment('{{.Created}}'), await moment('{{.State.StartedAt}}')];
  const to = await moment('{{.State.FinishedAt}}');
  const actions = async (...words: string[]) =>
    (await ok('events', '--json', ...words)).stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as { action: string; service: string; type: string; id: string })
      .map(({ action, service, type }) => `${type} ${service} ${action}`);
  const all = await actions('--since', String(made - 0.001), '--until', String(to + 1));
  for (const action of ['create', 'start', 'die', 'stop']) expect(all).toContain(`container app ${action}`);
  const late = await actions('--since', String((from + to) / 2), '--until', String(to + 1));
  expect(late).not.toContain('container app start');
  expect(late).toContain('container app die');
  const early = await actions('--since', String(made - 0.001), '--until', String((from + to) / 2));
  expect(early).toContain('container app start');
  expect(early).not.toContain('container app die');
  const { stdout } = await ok('events', '--since', String(made - 0.001), '--until', String(to + 1));
  expect(stdout).toMatch(
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{6} container create [0-9a-f]{64} \(.*name=life-app-1.*\)$/m,
  );
});

describe('rm', () => {
  const volumes = () => names('volume', 'ls', '-q');

  it('rm -f: does not ask', async () => {
    await up(SERVICE('app'));
    await ok('stop');
    const rm = (...words: string[]) =>
      compose(bench.engine, bench.project, ['-f', `${bench.project.folder}/compose.yaml`, 'rm', ...words], {
        input: 'n\n',
      });
    expect(await rm()).toMatchObject({
      code: 0,
      stdout: 'Going to remove life-app-1\nAre you sure? [y/N] ',
    });
    expect(await containers()).toBe('life-app-1');
    expect(await rm('-f')).toMatchObject({ code: 0, stdout: 'Going to remove life-app-1\n' });
    expect(await containers()).toBe('');
  });

  it('rm -s: stops before', async () => {
    await up(SERVICE('app'));
    expect((await ok('rm', '-f')).stderr).toContain('No stopped containers');
    expect(await containers()).toBe('life-app-1');
    const { stdout, stderr } = await ok('rm', '-f', '-s');
    expect(stdout).toBe('Going to remove life-app-1\n');
    expect(stderr).toMatch(/Container life-app-1 {2}Stopped[\s\S]*Container life-app-1 {2}Removed/);
    expect(await containers()).toBe('');
  });

  it('rm -v: anonymous volumes go along', async () => {
    await up(SERVICE('app', ', volumes: [/anonymous]'));
    const made = await volumes();
    expect(made).toMatch(/^[0-9a-f]{64}$/);
    await ok('rm', '-f', '-s');
    expect(await volumes()).toBe(made);
    await docker(bench.engine, ['volume', 'rm', made]);
    await ok('up', '-d');
    await ok('rm', '-f', '-s', '-v');
    expect(await volumes()).toBe('');
  });

  it('rm: containers of run stay', async () => {
    await up(SERVICE('app'));
    await ok('run', '-d', '--name', 'life-extra', 'app', 'true');
    await docker(bench.engine, ['wait', 'life-extra']);
    await ok('stop');
    await ok('rm', '-f');
    expect(await containers()).toBe('life-extra');
  });
});

describe('other services', () => {
  const LINKED = SERVICE('db') + SERVICE('app', ', depends_on: {db: {condition: service_started, restart: true}}');

  it('restart --no-deps: what depends on it goes on', async () => {
    await up(LINKED);
    const before = [await started('life-db-1'), await started('life-app-1')];
    await ok('restart', '-t', '0', '--no-deps', 'db');
    expect(await started('life-db-1')).not.toBe(before[0]);
    expect(await started('life-app-1')).toBe(before[1]);
    await ok('restart', '-t', '0', 'db');
    expect(await started('life-app-1')).not.toBe(before[1]);
  });

  it('scale --no-deps: what it depends on is not made', async () => {
    bench.project.write('compose.yaml', `services:\n${LINKED}`);
    await ok('scale', '--no-deps', 'app=2');
    expect(await running()).toBe('life-app-1 life-app-2');
    await ok('scale', 'app=1');
    expect(await running()).toBe('life-app-1 life-db-1');
  });
});

describe('wait', () => {
  const ENDS = (name: string, code: number) =>
    `  ${name}: {image: busybox, command: [sh, -c, "while [ ! -e /go ]; do sleep 0.1; done; exit ${code}"], stop_grace_period: 0s}\n`;
  const go = (name: string) => docker(bench.engine, ['exec', name, 'touch', '/go']);
  const id = async (name: string) =>
    (await docker(bench.engine, ['inspect', '--format', '{{.Id}}', name])).stdout.trim();

  it('wait: for all of them, each with its code', async () => {
    await up(ENDS('one', 0) + ENDS('two', 3));
    const ids = [await id('life-one-1'), await id('life-two-1')];
    const waiting = call('wait', 'one', 'two');
    await go('life-two-1');
    await docker(bench.engine, ['wait', 'life-two-1']);
    await go('life-one-1');
    const { code, stdout } = await waiting;
    expect(code).toBe(3);
    expect(stdout.split('\n').sort()).toEqual(
      ['', ...ids.map((one, at) => `container "${one}" exited with status code ${at * 3}`)].sort(),
    );
  });

  it('wait --down-project: the first that ends takes the project down', async () => {
    await up(ENDS('one', 4) + SERVICE('app'));
    const one = await id('life-one-1');
    const waiting = call('wait', '--down-project', 'one', 'app');
    await go('life-one-1');
    const { code, stdout } = await waiting;
    expect({ code, stdout }).toEqual({ code: 4, stdout: `container "${one}" exited with status code 4\n` });
    expect(await containers()).toBe('');
    expect(await names('network', 'ls', '-q', '--filter', 'name=life')).toBe('');
  });
});
