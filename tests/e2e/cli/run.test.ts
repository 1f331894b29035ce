import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPlace, type Place } from './place.ts';

let place: Place;
beforeAll(async () => {
  place = await openPlace();
});
afterAll(() => place?.[Symbol.asyncDispose]());

const berth = (...args: string[]) => place.berth(args);
const inspect = async (name: string, format: string) => (await berth('inspect', '-f', format, name)).stdout.trim();

describe('run', () => {
  it("keeps stdout, stderr and the process's exit code apart", async () => {
    const result = await berth('run', '--rm', 'busybox', 'sh', '-c', 'echo out; echo err >&2; exit 3');
    expect(result).toEqual({ code: 3, stdout: 'out\n', stderr: 'err\n' });
  });

  it.each([
    ['a program that is not there', ['nosuch'], 127, 'executable file not found'],
    ['a program that is a folder', ['/etc'], 126, 'permission denied'],
    ['a program that is not executable', ['/etc/passwd'], 126, 'permission denied'],
  ])('says %s', async (_name, command, code, reason) => {
    const result = await berth('run', '--rm', 'busybox', ...command);
    expect([result.code, result.stdout]).toEqual([code, '']);
    expect(result.stderr).toMatch(
      /^berth: Error response from daemon: .*\n\nRun 'berth run --help' for more information\n$/s,
    );
    expect(result.stderr).toContain(reason);
  });

  it('ends with 128 and the signal that ended the process', async () => {
    const running = place.begin(['run', '--rm', '--name', 'victim', 'busybox', 'sh', '-c', 'echo ready; sleep 100']);
    await running.shows('ready');
    await berth('kill', 'victim');
    expect((await running.ended).code).toBe(137);
  });

  it('answers 125 when the engine refuses', async () => {
    await berth('create', '--name', 'taken', 'busybox');
    const { code, stderr } = await berth('run', '--name', 'taken', 'busybox');
    expect(code).toBe(125);
    expect(stderr).toContain('The container name "/taken" is already in use');
    await berth('rm', 'taken');
  });

  it('takes stdin to its end and loses no byte of it', async () => {
    const data = randomBytes(8 * 1024 * 1024);
    const { stdout, code } = await place.berth(['run', '-i', '--rm', 'busybox', 'sha256sum'], { input: data });
    expect(stdout).toBe(`${createHash('sha256').update(data).digest('hex')}  -\n`);
    expect(code).toBe(0);
  });

  it('goes on printing after stdin has ended', async () => {
    const { stdout } = await place.berth(['run', '-i', '--rm', 'busybox', 'sh', '-c', 'cat; echo after'], {
      input: 'in\n',
    });
    expect(stdout).toBe('in\nafter\n');
  });

  it('does not wait for a stdin that nobody closes', async () => {
    const running = place.begin(['run', '-i', '--rm', 'busybox', 'echo', 'quick']);
    expect(await running.ended).toMatchObject({ code: 0, stdout: 'quick\n' });
  });

  it('prints every byte of a long output', async () => {
    const { stdout } = await berth('run', '--rm', 'busybox', 'seq', '1', '300000');
    expect(stdout.length).toBe(1_988_895);
    expect(stdout.endsWith('\n300000\n')).toBe(true);
  });

  it('prints the id when detached, writes it to a file, and a detached container goes on', async () => {
    const { stdout } = await berth('run', '-d', '--name', 'bg', '--cidfile', 'id', 'busybox', 'sleep', '100');
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(readFileSync(join(place.folder, 'id'), 'utf8')).toBe(stdout.trim());
    expect(await inspect('bg', '{{.State.Status}}')).toBe('running');
    expect((await berth('run', '--cidfile', 'id', 'busybox')).stderr).toContain('container ID file found');
    expect((await berth('rm', '-f', 'bg')).stdout).toBe('bg\n');
  });

  it('attaches only to what -a names', async () => {
    const script = 'echo o; echo e >&2';
    const only = async (stream: string) => {
      const { stdout, stderr } = await berth('run', '--rm', '-a', stream, 'busybox', 'sh', '-c', script);
      return [stdout, stderr];
    };
    expect(await only('stdout')).toEqual(['o\n', '']);
    expect(await only('stderr')).toEqual(['', 'e\n']);
  });

  it('refuses a terminal where there is none', async () => {
    const { code, stderr } = await berth('run', '-it', '--rm', 'busybox');
    expect([code, stderr]).toEqual([1, 'the input device is not a TTY\n']);
  });
});

describe('an engine that is killed', () => {
  it('ends the run with 125 and a sentence, and the container goes on', async () => {
    const running = place.begin(['run', '--name', 'survivor', 'busybox', 'sh', '-c', 'echo ready; sleep 100']);
    await running.shows('ready');
    await place.engine.kill();
    const { code, stderr } = await running.ended;
    await place.engine.start();
    expect(code).toBe(125);
    expect(stderr).toContain('error waiting for container: unexpected EOF');
    expect(stderr).toMatch(/'berth attach [0-9a-f]{12}' returns to it/);
    expect(await inspect('survivor', '{{.State.Status}}')).toBe('running');
    await berth('rm', '-f', 'survivor');
  });
});

describe('signals', () => {
  const trap = (signal: string) =>
    `trap 'echo got ${signal}; exit 9' ${signal}; echo ready; while :; do sleep 0.05; done`;

  it.each(['TERM', 'INT', 'HUP', 'USR1'] as const)('%s reaches the process', async (signal) => {
    const running = place.begin(['run', '--rm', 'busybox', 'sh', '-c', trap(signal)]);
    await running.shows('ready');
    running.child.kill(`SIG${signal}`);
    expect(await running.ended).toMatchObject({ code: 9, stdout: `ready\ngot ${signal}\n` });
  });

  it('stay here with --sig-proxy=false, and the container goes on', async () => {
    const running = place.begin(['run', '--name', 'alone', '--sig-proxy=false', 'busybox', 'sh', '-c', trap('TERM')]);
    await running.shows('ready');
    running.child.kill('SIGTERM');
    await running.ended;
    expect(await inspect('alone', '{{.State.Status}}')).toBe('running');
    await berth('rm', '-f', 'alone');
  });
});

describe('exec, attach, logs, wait', () => {
  beforeAll(async () => {
    await berth('run', '-d', '-i', '--name', 'long', 'busybox', 'sh', '-c', 'echo first; echo second >&2; cat');
  });
  afterAll(() => berth('rm', '-f', 'long'));

  it('exec has the exit code, streams and environment of its process', async () => {
    const script = 'echo $GREETING; pwd; echo e >&2; exit 7';
    const result = await berth('exec', '-e', 'GREETING=hello', '-w', '/tmp', 'long', 'sh', '-c', script);
    expect(result).toEqual({ code: 7, stdout: 'hello\n/tmp\n', stderr: 'e\n' });
  });

  it('exec takes stdin', async () => {
    const data = randomBytes(1024 * 1024);
    const { stdout } = await place.berth(['exec', '-i', 'long', 'sha256sum'], { input: data });
    expect(stdout).toBe(`${createHash('sha256').update(data).digest('hex')}  -\n`);
  });

  it('exec says 127 and 126 as run does', async () => {
    expect((await berth('exec', 'long', 'nosuch')).code).toBe(127);
    expect((await berth('exec', 'long', '/etc')).code).toBe(126);
  });

  it('attach sends and receives', async () => {
    const running = place.begin(['attach', 'long']);
    running.child.stdin.write('typed\n');
    await running.shows('typed');
    running.child.kill('SIGKILL');
    await running.ended;
    expect(await inspect('long', '{{.State.Status}}')).toBe('running');
  });

  it('logs keeps streams apart and cuts with --tail', async () => {
    const all = await berth('logs', 'long');
    expect(all.stdout.startsWith('first\n')).toBe(true);
    expect(all.stderr).toBe('second\n');
    const none = await berth('logs', '--tail', '0', 'long');
    expect([none.stdout, none.stderr]).toEqual(['', '']);
  });

  it('logs -f ends with the container', async () => {
    await berth('run', '-d', '--name', 'brief', 'busybox', 'sh', '-c', 'echo a; sleep 0.3; echo b');
    const { stdout, code } = await berth('logs', '-f', 'brief');
    expect([stdout, code]).toEqual(['a\nb\n', 0]);
    await berth('rm', 'brief');
  });

  it('wait prints the exit code, start -a has it', async () => {
    await berth('run', '-d', '--name', 'five', 'busybox', 'sh', '-c', 'sleep 0.2; echo done; exit 5');
    expect((await berth('wait', 'five')).stdout).toBe('5\n');
    expect(await berth('start', '-a', 'five')).toEqual({ code: 5, stdout: 'done\n', stderr: '' });
    await berth('rm', 'five');
  });
});
