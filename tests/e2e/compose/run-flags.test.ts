import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { composeHere, composeOk, type ProjectFolder, projectFolder } from '../../support/compose.ts';
import { type CommandResult, docker, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

const SLEEP = { image: 'busybox', command: 'sleep 1000', stop_grace_period: '0s' };
const WEB = { ...SLEEP, ports: ['127.0.0.1::80'], networks: { default: { aliases: ['site'] } }, depends_on: ['db'] };

let engine: TestEngine;
let project: ProjectFolder;

beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], {
    input: dockerArchive([busyboxImage(['busybox:latest', '127.0.0.1:1/busy:latest'])]),
  });
  project = projectFolder('runs', {});
  write({ web: WEB, db: SLEEP });
});
afterEach(async () => {
  await here('down', '-t', '0', '-v', '--remove-orphans');
  const { stdout } = await docker(engine, ['ps', '-aq']);
  const left = stdout.split('\n').filter(Boolean);
  if (left.length) await docker(engine, ['rm', '-f', ...left]);
  write({ web: WEB, db: SLEEP });
});
afterAll(async () => {
  project[Symbol.dispose]();
  await engine.stop();
});

function write(services: Record<string, object>): void {
  project.write('compose.yaml', JSON.stringify({ services }));
}

const here = (...words: string[]): Promise<CommandResult> =>
  composeHere(engine, project, ['-f', path.join(project.folder, 'compose.yaml'), ...words]);
async function ok(...words: string[]): Promise<CommandResult> {
  const result = await here(...words);
  if (result.code !== 0)
    throw new Error(`${words.join(' ')} ended with ${result.code}: ${result.stdout}${result.stderr}`);
  return result;
}
/** A `run` in this process, whose standard input is not the test's own. */
const once = (...words: string[]) => here('run', '--rm', '--interactive=false', ...words);
async function onceOk(...words: string[]): Promise<CommandResult> {
  return ok('run', '--rm', '--interactive=false', ...words);
}
const inspect = async (name: string, format: string) =>
  (await docker(engine, ['inspect', '-f', format, name])).stdout.trim();
const containers = async () => {
  const { stdout } = await docker(engine, ['ps', '-a', '--format', '{{.Names}}']);
  return stdout.split('\n').filter(Boolean).sort();
};

/** Capabilities that a process may have, as bits. */
const ADMIN = 1n << 12n;
const CHOWN = 1n << 0n;
const bits = (text: string) => BigInt(`0x${/CapEff:\s+([0-9a-f]+)/.exec(text)?.[1] ?? '0'}`);

describe('seen from inside', () => {
  it.each<[flags: string, command: string, shown: string]>([
    ['-w /tmp', 'pwd', '/tmp\n'],
    ['--workdir=/etc', 'pwd', '/etc\n'],
    ['-v FOLDER/data:/mine:ro', 'cat /mine/file', 'of the host\n'],
    ['--volume FOLDER/data:/mine', 'cat /mine/file', 'of the host\n'],
    ['--env-from-file FOLDER/some.env', 'echo $ONE $TWO', '1 two words\n'],
    ['--env-from-file FOLDER/some.env -e ONE=3', 'echo $ONE', '3\n'],
    ['-u 1000:1001', 'id -u; id -g', '1000\n1001\n'],
    ['--user=1002', 'id -u', '1002\n'],
    ['-e A=1 --env=B=2', 'echo $A $B', '1 2\n'],
    ['--volumes FOLDER/data:/mine', 'cat /mine/file', 'of the host\n'],
  ])('run %s', async (flags, command, shown) => {
    project.write('data/file', 'of the host\n');
    project.write('some.env', 'ONE=1\nTWO=two words\n');
    const words = flags.replaceAll('FOLDER', project.folder).split(' ');
    expect((await onceOk('--no-deps', ...words, 'web', 'sh', '-c', command)).stdout).toBe(shown);
  });

  it.each([
    ['--cap-add=NET_ADMIN', ADMIN, ADMIN],
    ['--cap-drop=CHOWN', CHOWN, 0n],
    ['--no-tty', ADMIN | CHOWN, CHOWN],
  ])('run %s: capabilities', async (flag, mask, present) => {
    const { stdout } = await onceOk('--no-deps', flag, 'web', 'cat', '/proc/self/status');
    expect(bits(stdout) & mask).toBe(present);
  });
});

describe('seen from outside', () => {
  it.each<[flags: string, format: string, shown: string | RegExp]>([
    ['-p 127.0.0.1::81', '{{range $port, $_ := .HostConfig.PortBindings}}{{$port}} {{end}}', '81/tcp'],
    ['--publish 127.0.0.1::82/udp', '{{range $port, $_ := .HostConfig.PortBindings}}{{$port}} {{end}}', '82/udp'],
    ['-P', '{{range $port, $_ := .HostConfig.PortBindings}}{{$port}} {{end}}', '80/tcp'],
    ['-T', '{{range $port, $_ := .HostConfig.PortBindings}}{{$port}} {{end}}', ''],
    ['--labels a=b', '{{.Config.Labels.a}}', 'b'],
    ['-T', '{{.Config.OpenStdin}} {{.Config.Tty}} {{.HostConfig.AutoRemove}}', 'false false false'],
    ['-l a=b -l c', '{{.Config.Labels.a}} [{{.Config.Labels.c}}]', 'b []'],
    ['--use-aliases', '{{json (index .NetworkSettings.Networks "runs_default").Aliases}}', /"site"/],
    ['-T', '{{json (index .NetworkSettings.Networks "runs_default").Aliases}}', /^(?!.*"site")/],
  ])('run -d --name one %s: %s', async (flags, format, shown) => {
    const { stdout } = await ok('run', '-d', '--name', 'one', '--no-deps', ...flags.split(' '), 'web', 'sleep', '1000');
    expect(stdout.trim()).toBe(await inspect('one', '{{.Id}}'));
    expect(await inspect('one', '{{.State.Status}} {{.Path}}')).toBe('running sleep');
    if (typeof shown === 'string') expect(await inspect('one', format)).toBe(shown);
    else expect(await inspect('one', format)).toMatch(shown);
  });

  it.each([
    ['', ['runs-db-1']],
    ['--no-deps', []],
  ])('run %s: what it depends on', async (flag, shown) => {
    await onceOk(...flag.split(' ').filter(Boolean), 'web', 'true');
    expect(await containers()).toEqual(shown);
  });

  it('-q prints nothing, and gives the exit code', async () => {
    const { code, stdout, stderr } = await once('-q', 'web', 'sh', '-c', 'echo loud; exit 5');
    expect({ code, stdout, stderr }).toEqual({ code: 5, stdout: '', stderr: '' });
  });
});

describe('standard input and terminals', () => {
  const words = ['run', '--rm', '--no-deps'];

  it.each([
    [[], 'said\n'],
    [['-i'], 'said\n'],
    [['--interactive=false'], ''],
  ])('run %s web cat', async (flags, shown) => {
    const { stdout } = await composeOk(engine, project, [...words, ...flags, 'web', 'cat'], { input: 'said\n' });
    expect(stdout).toBe(shown);
  });

  it.each([
    ['', /\/dev\/pts\/\d+$/m],
    ['-T', /not a tty$/m],
    ['--no-TTY', /not a tty$/m],
    ['--tty=false', /not a tty$/m],
    ['-it', /\/dev\/pts\/\d+$/m],
  ])('run %s on a terminal', async (flag, shown) => {
    const line = `${process.execPath} ${path.resolve('apps/cli/main.ts')} compose ${words.join(' ')} ${flag} web tty`;
    const { stdout } = await run('script', ['-qec', line, '/dev/null'], {
      cwd: project.folder,
      env: { DOCKER_HOST: engine.host },
    });
    expect(stdout.replaceAll('\r', '')).toMatch(shown);
  });
});

it.each([
  ['', [/^runs-web-run-[0-9a-f]{12}$/]],
  ['--name mine', [/^mine$/]],
  ['--rm', []],
])('run %s: what is left', async (flags, left) => {
  await ok('run', '--interactive=false', '--no-deps', ...flags.split(' ').filter(Boolean), 'web', 'true');
  const names = await containers();
  expect(names.length).toBe(left.length);
  for (const [index, pattern] of left.entries()) expect(names[index]).toMatch(pattern);
});

it('--entrypoint takes the place of the entrypoint, and of the command where none is given', async () => {
  write({ web: { ...SLEEP, entrypoint: ['echo', 'old'], command: 'words' } });
  expect((await onceOk('web')).stdout).toBe('old words\n');
  expect((await onceOk('--entrypoint', 'echo "new one"', 'web')).stdout).toBe('new one\n');
  expect((await onceOk('--entrypoint', 'echo', 'web', 'x')).stdout).toBe('x\n');
});

describe('orphans', () => {
  it.each<[flags: string, service: string, left: string[]]>([
    ['', 'alone', ['runs-db-1', 'runs-old-1']],
    ['--remove-orphans', 'alone', ['runs-db-1']],
    ['--remove-orphans --no-deps', 'web', ['runs-db-1']],
    ['--remove-orphans', 'web', ['runs-db-1']],
  ])('run %s %s', async (flags, service, left) => {
    write({ old: SLEEP, db: SLEEP });
    await ok('up', '-d');
    write({ web: WEB, alone: SLEEP, db: SLEEP });
    const { stderr } = await onceOk(...flags.split(' ').filter(Boolean), service, 'true');
    expect(await containers()).toEqual(left);
    expect(stderr.includes('Found orphan containers ([runs-old-1])')).toBe(flags === '');
  });
});

describe('images', () => {
  it('--build builds again, --quiet-build says nothing of it', async () => {
    const built = { tool: { build: project.folder, command: 'cat /made' } };
    write(built);
    project.write('Dockerfile', 'FROM busybox\nRUN echo first > /made\n');
    expect((await onceOk('tool')).stdout).toBe('first\n');
    project.write('Dockerfile', 'FROM busybox\nRUN echo second > /made\n');
    expect((await onceOk('tool')).stdout).toBe('first\n');
    const { stdout, stderr } = await onceOk('--build', '--quiet-build', 'tool');
    expect(stdout).toBe('second\n');
    expect(stderr).not.toMatch(/FROM|RUN|Built/);
    write(built);
    await ok('down', '--rmi', 'local');
  });

  it.each([
    ['--pull missing', 0, /^(?!.*Pulling)/s],
    ['--pull always', 1, /Pulling[\s\S]*127\.0\.0\.1:1/],
    ['--pull always --quiet-pull', 1, /^(?!.*Pulling).*127\.0\.0\.1:1/s],
    ['--pull sometimes', 1, /invalid --pull option "sometimes"/],
    ['-p 80 -P', 1, /--service-ports and --publish are incompatible/],
  ])('run %s', async (flags, code, said) => {
    write({ web: { image: '127.0.0.1:1/busy:latest' } });
    const result = await once(...flags.split(' '), 'web', 'true');
    expect(result.stderr).toMatch(said);
    expect(result.code).toBe(code);
    expect(await containers()).toEqual([]);
  });
});
