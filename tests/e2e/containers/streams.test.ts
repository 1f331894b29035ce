import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { run } from '../../support/docker.ts';
import { begin } from '../cli/place.ts';

const SIZE = 64 * 1024 * 1024;
let c: Containers;
let folder: string;
let file: string;
let digest: string;
let port: number;
beforeAll(async () => {
  port = await freePort();
  c = await startContainers({ args: ['--host', `tcp://127.0.0.1:${port}`] });
  folder = mkdtempSync(join(tmpdir(), 'berth-streams-'));
  file = join(folder, 'data');
  const data = randomBytes(SIZE);
  writeFileSync(file, data);
  digest = createHash('sha256').update(data).digest('hex');
});
afterAll(async () => {
  await c.engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

const CLIENTS = ['berth', 'docker'] as const;
const environment = (host: string) => ({ DOCKER_HOST: host, DOCKER_CONFIG: folder, HOME: folder, TERM: 'xterm' });
const unix = () => environment(c.engine.host);

/** sha256 of what `CLIENT ARGS < file` prints. */
async function through(client: (typeof CLIENTS)[number], args: string[], env: Record<string, string>): Promise<string> {
  const line = `${clientProgram(client)} ${args.join(' ')} < ${file} | sha256sum`;
  return (await run('sh', ['-c', line], { env, timeout: 120_000 })).stdout.split(' ')[0] ?? '';
}

describe.each(CLIENTS)('%s', (client) => {
  test.each(['unix', 'tcp'])(
    '--interactive, --attach: 64 MiB through run -i, exec -i and start -ai over %s, byte for byte',
    async (transport) => {
      const env = transport === 'unix' ? unix() : environment(`tcp://127.0.0.1:${port}`);
      expect(await through(client, ['run', '--rm', '-i', 'busybox:test', 'cat'], env)).toBe(digest);
      const id = await c.begin(['sleep', '600']);
      expect(await through(client, ['exec', '-i', id, 'cat'], env)).toBe(digest);
      const waiting = await c.create(['cat'], { OpenStdin: true, StdinOnce: true });
      expect(await through(client, ['start', '-ai', waiting], env)).toBe(digest);
      for (const one of [id, waiting]) await c.remove(one);
    },
  );

  test('64 MiB through attach to a running container, byte for byte, its end included', async () => {
    const id = await c.begin(['cat'], { OpenStdin: true, StdinOnce: true });
    expect(await through(client, ['attach', id], unix())).toBe(digest);
    expect(await c.wait(id)).toBe(0);
    await c.remove(id);
  });

  test('a slow reader of run gets every byte of more than the log keeps', async () => {
    const script = 'seq 1 12000000';
    const line = `${clientProgram(client)} run --rm busybox:test ${script} | (sleep 3; sha256sum)`;
    const slow = await run('sh', ['-c', line], { env: unix(), timeout: 120_000 });
    const { stdout } = await run('sh', ['-c', `${script} | sha256sum`]);
    expect(slow.stdout).toBe(stdout);
  });

  test('--sig-proxy: of attach and start -a, signals reach the program or end the client', async () => {
    const trap = 'trap "echo caught; exit 9" USR1; echo ready; while :; do sleep 0.05; done';
    const env = { ...process.env, ...unix() };
    const held = `while [ ! -e /go ]; do sleep 0.05; done; ${trap}`;
    const go = async (id: string) => {
      await eventually(async () => expect(await c.events(id)).toContain('attach'));
      await c.exec(id, ['touch', '/go']);
    };
    for (const command of ['attach', 'start']) {
      const id = command === 'attach' ? await c.begin(['sh', '-c', held]) : await c.create(['sh', '-c', trap]);
      const args = command === 'attach' ? ['attach'] : ['start', '-a'];
      const passing = begin(clientProgram(client), [...args, id], env);
      if (command === 'attach') await go(id);
      await passing.shows('ready');
      passing.child.kill('SIGUSR1');
      expect(await passing.ended).toMatchObject({ code: 9, stdout: 'ready\ncaught\n' });
      await c.remove(id);
    }
    const id = await c.begin(['sh', '-c', held]);
    const keeping = begin(clientProgram(client), ['attach', '--sig-proxy=false', id], env);
    await go(id);
    await keeping.shows('ready');
    keeping.child.kill('SIGUSR1');
    await c.exec(id, ['sleep', '0.3']);
    keeping.child.kill('SIGKILL'); // Docker's client does not end by the other signal
    expect((await keeping.ended).stdout).toBe('ready\n');
    expect((await c.inspect(id)).State.Running).toBe(true);
    await c.remove(id);
  });

  test('--detach-keys: of config.json, of run, exec and attach', async () => {
    const config = join(folder, `config-${client}`);
    mkdirSync(config);
    writeFileSync(join(config, 'config.json'), JSON.stringify({ detachKeys: 'ctrl-e,e' }));
    const env = { ...unix(), DOCKER_CONFIG: config };
    const program = clientProgram(client);
    const id = await c.begin(['sh'], { Tty: true, OpenStdin: true });
    const typing = async (line: string, keys: string) => {
      const running = begin('script', ['-qec', line, '/dev/null'], { ...process.env, ...env, SHELL: '/bin/sh' });
      const nudging = setInterval(() => running.child.stdin.write('\r'), 200);
      await running.shows('# ');
      clearInterval(nudging);
      running.child.stdin.write(keys);
      return running.ended;
    };
    await typing(`${program} attach ${id}`, '\u0005e');
    await typing(`${program} attach --detach-keys ctrl-x,y ${id}`, '\u0018y');
    await typing(`${program} exec -it ${id} sh`, '\u0005e');
    await typing(`${program} exec -it --detach-keys a,b ${id} sh`, 'ab');
    await typing(`${program} run -it --rm --detach-keys ctrl-@ busybox:test sh`, '\0');
    expect((await c.inspect(id)).State.Running).toBe(true);
  });

  test('logs in all its forms', async () => {
    const wish = {
      HostConfig: { LogConfig: { Type: 'json-file', Config: { labels: 'tier', env: 'A', tag: '{{.ImageName}}' } } },
      Labels: { tier: 'front' },
      Env: ['A=1 2'],
    };
    const id = await c.create(['sh', '-c', 'echo one; sleep 0.4; echo two >&2; sleep 0.4; echo three'], wish);
    await c.start(id);
    await c.wait(id);
    const logs = (...args: string[]) => run(clientProgram(client), ['logs', ...args, id], { env: unix() });
    expect(await logs()).toMatchObject({ code: 0, stdout: 'one\nthree\n', stderr: 'two\n' });
    expect((await logs('--details', '-n', '1')).stdout).toBe('A=1+2,tag=busybox%3Atest,tier=front three\n');
    const { stdout, stderr } = await logs('-t');
    const times = [...stdout.split('\n').slice(0, 2), stderr].map((line) => line.split(' ')[0]!);
    for (const time of times) expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    const [, three, two] = times as [string, string, string];
    expect((await logs('-t', '--details', '--tail=1')).stdout).toBe(
      `${three} A=1+2,tag=busybox%3Atest,tier=front three\n`,
    );
    // All forms of a moment: RFC 3339 with and without nanoseconds, a zone, seconds with a fraction, a duration.
    expect((await logs('--since', two)).stderr).toBe('two\n');
    expect(await logs('--since', three)).toMatchObject({ stdout: 'three\n', stderr: '' });
    expect(await logs('--until', two)).toMatchObject({ stdout: 'one\n', stderr: 'two\n' });
    const seconds = Date.parse(`${two.slice(0, 23)}Z`) / 1000;
    expect(await logs('--since', String(seconds))).toMatchObject({ stdout: 'three\n', stderr: 'two\n' });
    const zone = new Date(seconds * 1000 + 3_600_000).toISOString().replace('Z', '+01:00');
    expect(await logs('--since', zone, '--until', three)).toMatchObject({ stdout: 'three\n', stderr: 'two\n' });
    expect((await logs('--since', '1h30m')).stdout).toBe('one\nthree\n');
    expect((await logs('--until', '10m')).stdout).toBe('');
    expect((await logs('--since', 'yesterday')).code).toBe(1);
    expect(await logs('-f')).toMatchObject({ code: 0, stdout: 'one\nthree\n', stderr: 'two\n' });
    const none = await run(
      clientProgram(client),
      ['run', '-d', '--log-driver', 'none', 'busybox:test', 'sleep', '600'],
      { env: unix() },
    );
    expect(await run(clientProgram(client), ['logs', none.stdout.trim()], { env: unix() })).toMatchObject({
      code: 1,
      stderr: 'Error response from daemon: configured logging driver does not support reading\n',
    });
    const wrong = await run(clientProgram(client), ['run', '--rm', '--log-opt', 'x=1', 'busybox:test'], {
      env: unix(),
    });
    expect(wrong.code).toBe(125);
    expect(wrong.stderr).toContain("unknown log opt 'x' for json-file log driver");
  });

  test('logs -f ends with its container, and with a broken pipe', async () => {
    const id = await c.begin(['sh', '-c', 'while :; do echo tick; sleep 0.02; done']);
    const child = spawn('sh', ['-c', `${clientProgram(client)} logs -f ${id} | head -n 3`], {
      env: { ...process.env, ...unix() },
    });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    expect(await ended).toBe(0);
    const following = begin(clientProgram(client), ['logs', '-f', '--tail', '1', id], { ...process.env, ...unix() });
    await following.shows('tick');
    await c.ask('POST', `/containers/${id}/kill`);
    expect((await following.ended).code).toBe(0);
  });
});

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
