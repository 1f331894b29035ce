import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, lstatSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ComposeBench, composeBench } from '../../../support/compose-bench.ts';
import { docker, run } from '../../../support/docker.ts';

/** Two containers of `app`; each knows its number from /who. `step` says one line, and another one once it has /go. */
const FILE = `services:
  app:
    image: busybox
    command: sh -c 'trap "cat /who; exit 0" TERM; while true; do sleep 0.1; done'
    scale: 2
    stop_grace_period: 5s
    ports: ["127.0.0.1::53/udp", "127.0.0.1::53/tcp"]
  step:
    image: busybox
    command: sh -c 'echo early; while [ ! -e /go ]; do sleep 0.1; done; echo late; exec sleep 1000'
    stop_grace_period: 0s
  user:
    image: busybox
    command: sleep 1000
    user: "1234:55"
    stop_grace_period: 0s
`;

const MAIN = path.resolve('apps/cli/main.ts');

/** Several calls in one process have one standard input. */
const NO_STDIN = ['-T', '--interactive=false'];

let bench: ComposeBench;
const call = (...words: string[]) => bench.here(...words);
const ok = async (...words: string[]) => (await bench.ok(...words)).stdout;
const inContainer = async (name: string, ...words: string[]) =>
  (await docker(bench.engine, ['exec', name, ...words])).stdout.trim();
const inspect = (name: string, format: string) => bench.inspect(name, format);

/** What happened to a container of the project since a moment, seconds since the epoch. */
async function events(name: string, event: string, since: number): Promise<string[]> {
  const until = String(Math.floor(Date.now() / 1000) + 1);
  const filters = ['--filter', `container=${name}`, '--filter', `event=${event}`];
  const { stdout } = await docker(bench.engine, ['events', '--since', String(since), '--until', until, ...filters]);
  return stdout.split('\n').filter(Boolean);
}

beforeAll(async () => {
  bench = await composeBench('pair', { 'compose.yaml': FILE });
  await ok('up', '-d');
  for (const [index, text] of ['first', 'second'].entries())
    await docker(bench.engine, ['exec', `pair-app-${index + 1}`, 'sh', '-c', `echo ${text} > /who`]);
});
afterAll(() => bench[Symbol.asyncDispose]());

describe('exec', () => {
  it.each<[string, string[], string]>([
    ['exec -u: the user', ['-u', '1234:55', 'app', 'sh', '-c', 'echo $(id -u) $(id -g)'], '1234 55\n'],
    ['exec -w: the folder', ['-w', '/etc', 'app', 'pwd'], '/etc\n'],
    ['exec --index: the second container', ['--index', '2', 'app', 'cat', '/who'], 'second\n'],
    ['exec -e: variables', ['-e', 'A=1', '--env', 'B=2', 'app', 'sh', '-c', 'echo $A $B'], '1 2\n'],
    ['exec without --index: the first one', ['app', 'cat', '/who'], 'first\n'],
  ])('%s', async (_, words, shows) => {
    expect(await ok('exec', ...NO_STDIN, ...words)).toBe(shows);
  });

  it('exec --privileged: all capabilities', async () => {
    const rights = async (...flags: string[]) =>
      BigInt(
        `0x${(await ok('exec', ...NO_STDIN, ...flags, 'app', 'grep', 'CapEff', '/proc/self/status')).slice(8).trim()}`,
      );
    const netAdmin = 1n << 12n;
    expect((await rights()) & netAdmin).toBe(0n);
    expect((await rights('--privileged')) & netAdmin).toBe(netAdmin);
  });

  it('exec -T: no terminal, although there is one', async () => {
    const words = (flags: string) =>
      `${process.execPath} ${MAIN} compose -f ${bench.project.folder}/compose.yaml exec ${flags} app sh -c 'test -t 0 && echo terminal || echo none'`;
    const says = async (flags: string) =>
      (
        await run('script', ['-qec', words(flags), '/dev/null'], {
          cwd: bench.project.folder,
          env: { DOCKER_HOST: bench.engine.host },
        })
      ).stdout.trim();
    // What the program itself sends to a terminal without input stands beside it.
    expect(await says('')).toMatch(/\bterminal\b/);
    expect(await says('-T')).toMatch(/\bnone\b/);
  });

  it('exec -d: does not wait', async () => {
    expect(await ok('exec', '-d', 'app', 'sh', '-c', 'while [ ! -e /ends ]; do sleep 0.1; done; echo x > /did')).toBe(
      '',
    );
    expect(await inContainer('pair-app-1', 'ls', '/')).not.toContain('did');
    await inContainer('pair-app-1', 'touch', '/ends');
    await expect.poll(() => inContainer('pair-app-1', 'ls', '/'), { timeout: 30_000 }).toContain('did');
  });

  it('exec --index: one that is not there is an error', async () => {
    expect(await call('exec', ...NO_STDIN, '--index', '3', 'app', 'true')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('service "app" is not running container #3'),
    });
  });
});

describe('cp', () => {
  it('cp -a: what is copied belongs to the user of the container', async () => {
    bench.project.write('owned', 'x\n');
    chownSync(`${bench.project.folder}/owned`, 77, 78);
    const owner = async (file: string) => inContainer('pair-user-1', 'stat', '-c', '%u %g', file);
    await ok('cp', `${bench.project.folder}/owned`, 'user:/tmp/plain');
    await ok('cp', '-a', `${bench.project.folder}/owned`, 'user:/tmp/kept');
    expect([await owner('/tmp/plain'), await owner('/tmp/kept')]).toEqual(['77 78', '1234 55']);
  });

  it('cp -L: what a link leads to', async () => {
    await inContainer('pair-app-1', 'ln', '-s', '/who', '/link');
    await ok('cp', 'app:/link', `${bench.project.folder}/as-link`);
    await ok('cp', '-L', 'app:/link', `${bench.project.folder}/as-file`);
    expect(lstatSync(`${bench.project.folder}/as-link`).isSymbolicLink()).toBe(true);
    expect(readFileSync(`${bench.project.folder}/as-file`, 'utf8')).toBe('first\n');
    bench.project.write('target', 'here\n');
    symlinkSync('target', `${bench.project.folder}/here`);
    await ok('cp', '-L', `${bench.project.folder}/here`, 'app:/followed');
    expect(await inContainer('pair-app-1', 'readlink', '/followed')).toBe('');
    expect(await inContainer('pair-app-1', 'cat', '/followed')).toBe('here');
  });

  it('cp --index: from and to the second container', async () => {
    await ok('cp', '--index', '2', 'app:/who', `${bench.project.folder}/from-second`);
    expect(readFileSync(`${bench.project.folder}/from-second`, 'utf8')).toBe('second\n');
    await ok('cp', '--index', '2', `${bench.project.folder}/from-second`, 'app:/only-second');
    expect(await inContainer('pair-app-1', 'ls', '/')).not.toContain('only-second');
    expect(await inContainer('pair-app-2', 'cat', '/only-second')).toBe('second');
  });

  it('cp --all: to containers of run too', async () => {
    await ok('run', '-d', '--name', 'pair-extra', 'app', 'sleep', '1000');
    bench.project.write('sent', 'sent\n');
    await ok('cp', `${bench.project.folder}/sent`, 'app:/without');
    await ok('cp', '--all', `${bench.project.folder}/sent`, 'app:/with');
    const files = (await inContainer('pair-extra', 'ls', '/')).split('\n');
    expect(files).toContain('with');
    expect(files).not.toContain('without');
    expect(await inContainer('pair-app-2', 'cat', '/without', '/with')).toBe('sent\nsent');
    await docker(bench.engine, ['rm', '-f', 'pair-extra']);
  });
});

describe('commit and export', () => {
  const runs = async (...words: string[]) => (await docker(bench.engine, ['run', '--rm', ...words])).stdout;

  it('commit -a -m -c: author, message and changes', async () => {
    const changes = ['-c', 'ENV ADDED=yes', '-c', 'CMD ["sh", "-c", "echo $ADDED"]'];
    await ok('commit', '-a', 'A <a@example.com>', '-m', 'said so', ...changes, 'app', 'pair-saved:1');
    expect(await inspect('pair-saved:1', '{{.Author}}|{{.Comment}}')).toBe('A <a@example.com>|said so');
    expect(await runs('pair-saved:1')).toBe('yes\n');
    await docker(bench.engine, ['rmi', 'pair-saved:1']);
  });

  it('commit --index: the second container', async () => {
    await ok('commit', '--index', '2', 'app', 'pair-saved:2');
    expect(await runs('pair-saved:2', 'cat', '/who')).toBe('second\n');
    await docker(bench.engine, ['rmi', 'pair-saved:2']);
  });

  it('commit -p: paused meanwhile, unless it is false', async () => {
    const since = Math.floor(Date.now() / 1000);
    await ok('commit', '-p=false', 'step', 'pair-saved:3');
    expect(await events('pair-step-1', 'pause', since)).toEqual([]);
    await ok('commit', '-p', 'step', 'pair-saved:3');
    expect(await events('pair-step-1', 'pause', since)).toHaveLength(1);
    await docker(bench.engine, ['rmi', 'pair-saved:3']);
  });

  it('export -o, export --index: the second container', async () => {
    await ok('export', '--index', '2', '-o', `${bench.project.folder}/second.tar`, 'app');
    expect(execFileSync('tar', ['-xOf', `${bench.project.folder}/second.tar`, 'who'], { encoding: 'utf8' })).toBe(
      'second\n',
    );
  });
});

describe('port', () => {
  const published = async (name: string, port: string) =>
    (await docker(bench.engine, ['port', name, port])).stdout.split('\n')[0];
  it.each([
    ['port --index: of the second container', ['--index', '2', 'app', '53'], 'pair-app-2', '53/tcp'],
    ['port --protocol: udp', ['--protocol', 'udp', 'app', '53'], 'pair-app-1', '53/udp'],
  ] as const)('%s', async (_, words, name, port) => {
    expect(await ok('port', ...words)).toBe(`${await published(name, port)}\n`);
  });
});

describe('logs', () => {
  it('logs -t, --since, --until: lines with their moments, and those between', async () => {
    const lines = async (...flags: string[]) =>
      (await ok('logs', '--no-log-prefix', ...flags, 'step')).split('\n').filter(Boolean);
    await expect.poll(() => lines(), { timeout: 30_000 }).toEqual(['early']);
    await inContainer('pair-step-1', 'touch', '/go');
    await expect.poll(() => lines(), { timeout: 30_000 }).toEqual(['early', 'late']);
    const [early = '', late = ''] = await lines('-t');
    expect(early).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z early$/);
    expect(late).toMatch(/Z late$/);
    const at = (line: string) => Date.parse(line.split(' ')[0] ?? '');
    const between = new Date((at(early) + at(late)) / 2).toISOString();
    expect(await lines('--since', between)).toEqual(['late']);
    expect(await lines('--until', between)).toEqual(['early']);
  });

  it('logs --tail: the last lines of each', async () => {
    await expect.poll(() => ok('logs', '--no-log-prefix', 'step'), { timeout: 30_000 }).toBe('early\nlate\n');
    expect(await ok('logs', '--tail', '1', 'step')).toBe('step-1  | late\n');
  });

  it('logs --no-log-prefix: lines alone', async () => {
    expect(await ok('logs', 'step')).toBe('step-1  | early\nstep-1  | late\n');
    expect(await ok('logs', '--no-log-prefix', 'step')).toBe('early\nlate\n');
  });

  it('logs --no-color: none, although they are wished', async () => {
    const logs = (...flags: string[]) => call('--ansi', 'always', 'logs', '--tail', '1', ...flags, 'step');
    expect((await logs()).stdout).toBe('\x1b[36mstep-1  | \x1b[0mlate\n');
    expect((await logs('--no-color')).stdout).toBe('step-1  | late\n');
  });

  it('logs -f: what is said later too', async () => {
    const file = `${bench.project.folder}/compose.yaml`;
    const child = spawn(process.execPath, [MAIN, 'compose', '-f', file, 'logs', '-f', 'app'], {
      env: { ...process.env, DOCKER_HOST: bench.engine.host, NO_COLOR: '1' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let said = '';
    child.stdout.on('data', (piece) => {
      said += String(piece);
    });
    const ended = once(child, 'exit');
    for (const word of ['before', 'later']) {
      await inContainer('pair-app-1', 'sh', '-c', `echo ${word} > /proc/1/fd/1`);
      await expect.poll(() => said, { timeout: 30_000 }).toContain(`app-1  | ${word}\n`);
    }
    expect(child.exitCode).toBeNull();
    child.kill('SIGINT');
    await ended;
  });
});
