import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { composeOk } from '../../support/compose.ts';
import { type ComposeBench, composeBench, UNREACHABLE } from '../../support/compose-bench.ts';
import { run } from '../../support/docker.ts';

const SLEEP = { command: 'sleep 1000', stop_grace_period: '0s' };
const WEB = { ...SLEEP, ports: ['127.0.0.1::80'], networks: { default: { aliases: ['site'] } }, depends_on: ['db'] };

let bench: ComposeBench;
beforeAll(async () => {
  bench = await composeBench('runs');
});
beforeEach(() => bench.write({ web: WEB, db: SLEEP }));
afterEach(() => bench.clear());
afterAll(() => bench[Symbol.asyncDispose]());

/** A `run` in this process, whose standard input is not the test's own. */
const once = (...words: string[]) => bench.here('run', '--rm', '--interactive=false', ...words);
const onceOk = (...words: string[]) => bench.ok('run', '--rm', '--interactive=false', ...words);

/** Capabilities that a process may have, as bits. */
const ADMIN = 1n << 12n;
const CHOWN = 1n << 0n;
const bits = (text: string) => BigInt(`0x${/CapEff:\s+([0-9a-f]+)/.exec(text)?.[1] ?? '0'}`);

describe('seen from inside', () => {
  it.each<[title: string, flags: string, command: string, shown: string]>([
    ['run -w: where it begins', '-w /tmp', 'pwd', '/tmp\n'],
    ['run --workdir: where it begins', '--workdir=/etc', 'pwd', '/etc\n'],
    ['run -v: a folder of the host', '-v FOLDER/data:/mine:ro', 'cat /mine/file', 'of the host\n'],
    ['run --volume: a folder of the host', '--volume FOLDER/data:/mine', 'cat /mine/file', 'of the host\n'],
    ['run --volumes: another spelling', '--volumes FOLDER/data:/mine', 'cat /mine/file', 'of the host\n'],
    ['run --env-from-file: its variables', '--env-from-file FOLDER/some.env', 'echo $ONE $TWO', '1 two words\n'],
    ['run --env-from-file: behind -e', '--env-from-file FOLDER/some.env -e ONE=3', 'echo $ONE', '3\n'],
    ['run -e, run --env: variables', '-e A=1 --env=B=2', 'echo $A $B', '1 2\n'],
    ['run -u: user and group', '-u 1000:1001', 'id -u; id -g', '1000\n1001\n'],
    ['run --user: the user', '--user=1002', 'id -u', '1002\n'],
  ])('%s', async (_, flags, command, shown) => {
    const { project } = bench;
    project.write('data/file', 'of the host\n');
    project.write('some.env', 'ONE=1\nTWO=two words\n');
    const words = flags.replaceAll('FOLDER', project.folder).split(' ');
    expect((await onceOk('--no-deps', ...words, 'web', 'sh', '-c', command)).stdout).toBe(shown);
  });

  it.each([
    ['run --cap-add: one more', '--cap-add=NET_ADMIN', ADMIN, ADMIN],
    ['run --cap-drop: one less', '--cap-drop=CHOWN', CHOWN, 0n],
    ['run without flags: neither', '--no-deps', ADMIN | CHOWN, CHOWN],
  ])('%s', async (_, flag, mask, present) => {
    const { stdout } = await onceOk('--no-deps', flag, 'web', 'cat', '/proc/self/status');
    expect(bits(stdout) & mask).toBe(present);
  });
});

describe('seen from outside', () => {
  const PORTS = '{{range $port, $_ := .HostConfig.PortBindings}}{{$port}} {{end}}';
  const ALIASES = '{{json (index .NetworkSettings.Networks "runs_default").Aliases}}';

  it.each<[title: string, flags: string, format: string, shown: string | RegExp]>([
    ['run -p: a port', '-p 127.0.0.1::81', PORTS, '81/tcp'],
    ['run --publish: a port', '--publish 127.0.0.1::82/udp', PORTS, '82/udp'],
    ['run -P: the ports of the service', '-P', PORTS, '80/tcp'],
    ['run --service-ports: the ports of the service', '--service-ports', PORTS, '80/tcp'],
    ['run without flags: no port', '-T', PORTS, ''],
    ['run -l, run --label: labels', '-l a=b --label c=', '{{.Config.Labels.a}} [{{.Config.Labels.c}}]', 'b []'],
    ['run --labels: another spelling', '--labels a=b', '{{.Config.Labels.a}}', 'b'],
    ['run --use-aliases: names of the service', '--use-aliases', ALIASES, /"site"/],
    ['run without flags: no names of the service', '-T', ALIASES, /^(?!.*"site")/],
    ['run -d: no terminal or standard input', '-T', '{{.Config.OpenStdin}} {{.Config.Tty}}', 'false false'],
    ['run --detach: goes on behind', '-T', '{{.State.Status}} {{.Path}}', 'running sleep'],
  ])('%s', async (title, flags, format, shown) => {
    const detach = title.includes('--detach') ? '--detach' : '-d';
    const words = [detach, '--name', 'one', '--no-deps', ...flags.split(' '), 'web', 'sleep', '1000'];
    const { stdout } = await bench.ok('run', ...words);
    expect(stdout.trim()).toBe(await bench.inspect('one', '{{.Id}}'));
    const said = await bench.inspect('one', format);
    if (typeof shown === 'string') expect(said).toBe(shown);
    else expect(said).toMatch(shown);
  });

  it.each([
    ['run web: what it depends on too', '', ['runs-db-1']],
    ['run --no-deps: it alone', '--no-deps', []],
  ])('%s', async (_, flag, shown) => {
    await onceOk(...flag.split(' ').filter(Boolean), 'web', 'true');
    expect(await bench.containers()).toEqual(shown);
  });

  it.each([
    ['run -q: of Compose itself nothing', '-q'],
    ['run --quiet: of Compose itself nothing', '--quiet'],
  ])('%s', async (_, flag) => {
    const { code, stdout, stderr } = await once(flag, 'web', 'sh', '-c', 'echo of web; exit 5');
    expect({ code, stdout, stderr }).toEqual({ code: 5, stdout: 'of web\n', stderr: '' });
    expect(await bench.containers()).toEqual(['runs-db-1']);
  });
});

describe('standard input and terminals', () => {
  const words = ['run', '--rm', '--no-deps'];

  it.each([
    ['run web cat: what comes in', [], 'said\n'],
    ['run -i: what comes in', ['-i'], 'said\n'],
    ['run --interactive: nothing comes in when it is false', ['--interactive=false'], ''],
  ])('%s', async (_, flags, shown) => {
    const called = [...words, ...flags, 'web', 'cat'];
    expect((await composeOk(bench.engine, bench.project, called, { input: 'said\n' })).stdout).toBe(shown);
  });

  it.each([
    ['run on a terminal: another one inside', '', /\/dev\/pts\/\d+$/m],
    ['run -T: no terminal inside', '-T', /not a tty$/m],
    ['run --no-tty: no terminal inside', '--no-tty', /not a tty$/m],
    ['run --no-TTY: another spelling', '--no-TTY', /not a tty$/m],
    ['run --tty=false: no terminal inside', '--tty=false', /not a tty$/m],
    ['run -it: a terminal inside', '-it', /\/dev\/pts\/\d+$/m],
  ])('%s', async (_, flag, shown) => {
    const main = path.resolve('apps/cli/main.ts');
    const line = `${process.execPath} ${main} compose ${words.join(' ')} ${flag} web tty`;
    const { stdout } = await run('script', ['-qec', line, '/dev/null'], {
      cwd: bench.project.folder,
      env: { DOCKER_HOST: bench.engine.host },
    });
    expect(stdout.replaceAll('\r', '')).toMatch(shown);
  });
});

it.each([
  ['run without flags: one with a name of its own is left', '', [/^runs-web-run-[0-9a-f]{12}$/]],
  ['run --name: one with that name is left', '--name mine', [/^mine$/]],
  ['run --rm: none is left', '--rm', []],
])('%s', async (_, flags, left) => {
  await bench.ok('run', '--interactive=false', '--no-deps', ...flags.split(' ').filter(Boolean), 'web', 'true');
  const names = await bench.containers();
  expect(names.length).toBe(left.length);
  for (const [index, pattern] of left.entries()) expect(names[index]).toMatch(pattern);
});

it('run --entrypoint: in place of the entrypoint, and of the command where none is given', async () => {
  bench.write({ web: { ...SLEEP, entrypoint: ['echo', 'old'], command: 'words' } });
  expect((await onceOk('web')).stdout).toBe('old words\n');
  expect((await onceOk('--entrypoint', 'echo "new one"', 'web')).stdout).toBe('new one\n');
  expect((await onceOk('--entrypoint', 'echo', 'web', 'x')).stdout).toBe('x\n');
});

describe('orphans', () => {
  it.each<[title: string, flags: string, service: string, left: string[]]>([
    ['run without flags: they stay', '', 'alone', ['runs-db-1', 'runs-old-1']],
    ['run --remove-orphans: also without dependencies', '--remove-orphans', 'alone', ['runs-db-1']],
    ['run --remove-orphans: also with --no-deps', '--remove-orphans --no-deps', 'web', ['runs-db-1']],
    ['run --remove-orphans: they go', '--remove-orphans', 'web', ['runs-db-1']],
  ])('%s', async (_, flags, service, left) => {
    bench.write({ old: SLEEP, db: SLEEP });
    await bench.ok('up', '-d');
    bench.write({ web: WEB, alone: SLEEP, db: SLEEP });
    const { stderr } = await onceOk(...flags.split(' ').filter(Boolean), service, 'true');
    expect(await bench.containers()).toEqual(left);
    expect(stderr.includes('Found orphan containers ([runs-old-1])')).toBe(flags === '');
  });
});

describe('images', () => {
  it('run --build: again; run --quiet-build: nothing is said of it', async () => {
    const { project } = bench;
    bench.write({ tool: { build: project.folder, command: 'cat /made' } });
    const dockerfile = (word: string) => project.write('Dockerfile', `FROM busybox\nRUN echo ${word} > /made\n`);
    dockerfile('first');
    expect((await onceOk('tool')).stdout).toBe('first\n');
    dockerfile('second');
    expect((await onceOk('tool')).stdout).toBe('first\n');
    const loud = await onceOk('--build', 'tool');
    expect(loud.stdout).toBe('second\n');
    expect(loud.stderr).toMatch(/RUN[\s\S]*Built/);
    for (const flag of ['--quiet-build', '--quiet']) {
      dockerfile(`with${flag}`);
      const { stdout, stderr } = await onceOk('--build', flag, 'tool');
      expect(stdout).toBe(`with${flag}\n`);
      expect(stderr).not.toMatch(/FROM|RUN|Built/);
    }
    await bench.ok('down', '--rmi', 'local');
  });

  it('run --quiet-build: nothing is said of what it depends on', async () => {
    const { project } = bench;
    bench.write({ tool: { command: 'true', depends_on: ['base'] }, base: { ...SLEEP, build: project.folder } });
    project.write('Dockerfile', 'FROM busybox\nRUN echo x > /made\n');
    expect((await onceOk('--quiet-build', 'tool')).stderr).not.toMatch(/FROM|RUN|Built/);
    await bench.ok('down', '-t', '0', '--rmi', 'local');
  });

  it.each([
    ['run --pull: missing, and it is there', '--pull missing', 0, /^(?!.*Pulling)/s],
    ['run --pull: always', '--pull always', 1, /Pulling[\s\S]*127\.0\.0\.1:1/],
    ['run --quiet-pull: what failed alone', '--pull always --quiet-pull', 1, /^(?!.*Pulling).*127\.0\.0\.1:1/s],
    ['run --pull: a word that is none', '--pull sometimes', 1, /invalid --pull option "sometimes"/],
    ['run -p and -P', '-p 80 -P', 1, /--service-ports and --publish are incompatible/],
    ['run --tty and --no-tty', '--tty --no-tty', 1, /--tty and --no-tty can't be used together/],
    ['run --label: one without a value', '--label a', 1, /label must be set as KEY=VALUE/],
  ])('%s', async (_, flags, code, said) => {
    bench.write({ web: { image: UNREACHABLE } });
    const result = await once(...flags.split(' '), 'web', 'true');
    expect(result.stderr).toMatch(said);
    expect(result.code).toBe(code);
    expect(await bench.containers()).toEqual([]);
  });
});
