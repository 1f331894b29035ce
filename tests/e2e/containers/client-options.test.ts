import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type CommandOptions, run } from '../../support/docker.ts';
import { begin, openPlace, type Place, type Running } from '../cli/place.ts';

/** Options of `run` and `create` that the client itself carries out, each seen in the container or by its effect here. */
let place: Place;
let folder: string;
beforeAll(async () => {
  place = await openPlace();
});
afterAll(() => place?.[Symbol.asyncDispose]());
beforeEach(() => {
  folder = mkdtempSync(join(place.folder, 'files-'));
  return () => rmSync(folder, { recursive: true });
});

describe.each(['berth', 'docker'] as const)('%s', (client) => {
  const type = (args: string[], options: CommandOptions = {}) =>
    run(clientProgram(client), args, { cwd: folder, ...options, env: { ...place.env, ...options.env } });
  const start = (args: string[]): Running => begin(clientProgram(client), args, { ...process.env, ...place.env });
  const inside = async (options: string[], ...command: string[]) =>
    (await type(['run', '--rm', ...options, 'busybox', ...command])).stdout;
  const name = (word: string) => `${client}-${word}`;
  const inspect = async (container: string, format: string) =>
    (await type(['inspect', '-f', format, container])).stdout.trim();

  test('--env: a value, an empty one, the one here, and the last of several', async () => {
    const options = ['-e', 'A=1', '-e', 'B=', '-e', 'HERE', '-e', 'A=2', '--env', 'NOT_HERE'];
    const { stdout } = await type(['run', '--rm', ...options, 'busybox', 'env'], { env: { HERE: 'from here' } });
    const lines = stdout.split('\n');
    expect(lines).toEqual(expect.arrayContaining(['A=2', 'B=', 'HERE=from here']));
    expect(lines.join()).not.toMatch(/A=1|NOT_HERE/);
  });

  test('--env-file: lines, comments, names of this environment; --env wins', async () => {
    writeFileSync(join(folder, 'env'), '# comment\nA=from file\n  B=indented\nHERE\nQUOTED="x"\n');
    const { stdout } = await type(['run', '--rm', '--env-file', 'env', '-e', 'A=flag', 'busybox', 'env'], {
      env: { HERE: 'value' },
    });
    expect(stdout.split('\n')).toEqual(expect.arrayContaining(['A=flag', 'B=indented', 'HERE=value', 'QUOTED="x"']));
    expect((await type(['run', '--rm', '--env-file', 'nope', 'busybox'])).code).toBe(125);
  });

  test('--label, --label-file: on the container, the flag before the file', async () => {
    writeFileSync(join(folder, 'labels'), 'a=file\nb=file\nbare\n');
    await type([
      'create',
      '--name',
      name('labels'),
      '--label-file',
      'labels',
      '-l',
      'a=flag',
      '--label',
      'c',
      'busybox',
    ]);
    expect(JSON.parse(await inspect(name('labels'), '{{json .Config.Labels}}'))).toEqual({
      a: 'flag',
      b: 'file',
      c: '',
    });
    expect((await type(['ps', '-aq', '--filter', 'label=b=file', '--filter', `name=${client}`])).stdout).toMatch(
      /^\w+\n$/,
    );
    await type(['rm', name('labels')]);
  });

  test('--annotation: reaches the runtime', async () => {
    const { stdout } = await type(['run', '-d', '--annotation', 'org.example.note=hello', 'busybox', 'sleep', '1000']);
    const bundle = join(place.engine.execRoot, 'c', stdout.trim(), 'config.json');
    expect(JSON.parse(readFileSync(bundle, 'utf8')).annotations).toMatchObject({ 'org.example.note': 'hello' });
    expect(await inspect(stdout.trim(), '{{json .HostConfig.Annotations}}')).toBe('{"org.example.note":"hello"}');
    await type(['rm', '-f', stdout.trim()]);
  });

  test('--cidfile: holds the id, and one that is there is not overwritten', async () => {
    const { stdout } = await type(['run', '-d', '--cidfile', 'id', 'busybox', 'sleep', '1000']);
    expect(readFileSync(join(folder, 'id'), 'utf8')).toBe(stdout.trim());
    const again = await type(['run', '--cidfile', 'id', 'busybox', 'true']);
    expect(again.code).toBe(125);
    expect(again.stderr).toContain('container ID file found');
    await type(['rm', '-f', stdout.trim()]);
  });

  test('--name: is the name, also of the next command; a taken one is refused', async () => {
    await type(['create', '--name', name('named'), 'busybox']);
    expect(await inspect(name('named'), '{{.Name}}')).toBe(`/${name('named')}`);
    const taken = await type(['run', '--name', name('named'), 'busybox']);
    expect([taken.code, taken.stderr]).toEqual([125, expect.stringContaining('is already in use by container')]);
    await type(['rm', name('named')]);
  });

  test('--rm: nothing is left', async () => {
    await type(['run', '--rm', '--name', name('gone'), 'busybox', 'true']);
    expect((await type(['ps', '-aq', '--filter', `name=${name('gone')}`])).stdout).toBe('');
  });

  test('--detach: prints the id and goes on', async () => {
    const { stdout } = await type(['run', '--detach', 'busybox', 'sleep', '1000']);
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(await inspect(stdout.trim(), '{{.State.Running}}')).toBe('true');
    await type(['rm', '-f', stdout.trim()]);
  });

  test('--interactive: stdin is there, and without it empty', async () => {
    const args = ['run', '--rm', 'busybox', 'cat'];
    expect((await type(args, { input: 'hello' })).stdout).toBe('');
    expect((await type(['run', '--rm', '-i', 'busybox', 'cat'], { input: 'hello' })).stdout).toBe('hello');
  });

  test('--tty: the process has a terminal', async () => {
    expect((await type(['run', '--rm', '-t', 'busybox', 'sh', '-c', 'test -t 1 && tty'])).stdout).toContain('/dev/');
    expect(await inside([], 'sh', '-c', 'test -t 1 || echo none')).toBe('none\n');
    const refused = await type(['run', '--rm', '-it', 'busybox', 'true']);
    expect([refused.code, refused.stderr]).toEqual([1, 'the input device is not a TTY\n']);
  });

  test('--attach: only the streams that are named', async () => {
    const both = ['busybox', 'sh', '-c', 'echo out; echo err >&2'];
    expect(await type(['run', '--rm', '-a', 'stderr', ...both])).toMatchObject({ stdout: '', stderr: 'err\n' });
    expect(await type(['run', '--rm', '-a', 'stdout', ...both])).toMatchObject({ stdout: 'out\n', stderr: '' });
    const input = { input: 'typed' };
    expect((await type(['run', '--rm', '-i', '-a', 'stdin', '-a', 'stdout', 'busybox', 'cat'], input)).stdout).toBe(
      'typed',
    );
  });

  test('--pull: never, missing and always', async () => {
    const local = 'localhost:1/local:1';
    await type(['tag', 'busybox', local]);
    expect((await type(['run', '--rm', '--pull', 'never', local, 'echo', 'x'])).stdout).toBe('x\n');
    expect((await type(['run', '--rm', '--pull', 'missing', local, 'echo', 'x'])).stdout).toBe('x\n');
    const always = await type(['run', '--rm', '--pull', 'always', local, 'echo', 'x']);
    expect([always.code, always.stdout, always.stderr]).toEqual([125, '', expect.stringContaining('refused')]);
    const never = await type(['run', '--rm', '--pull', 'never', 'localhost:1/missing', 'true']);
    expect([never.code, never.stderr]).toEqual([125, expect.stringContaining('No such image: localhost:1/missing')]);
    expect(never.stderr).not.toContain('Unable to find image');
    const other = await type(['run', '--pull', 'sometimes', 'busybox']);
    expect([other.code, other.stderr]).toEqual([125, expect.stringContaining('invalid pull option')]);
    await type(['rmi', local]);
  });

  test('--quiet: a pull says nothing but why it failed', async () => {
    const loud = await type(['run', '--rm', 'localhost:1/missing:1', 'true']);
    expect(loud.stderr).toMatch(/^Unable to find image 'localhost:1\/missing:1' locally\n/);
    const quiet = await type(['run', '--rm', '-q', 'localhost:1/missing:1', 'true']);
    expect(quiet.code).toBe(125);
    expect(quiet.stderr).not.toContain('Unable to find image');
  });

  test('--platform: of this machine runs, another and none at all are refused', async () => {
    const own = process.arch === 'arm64' ? 'linux/arm64' : 'linux/amd64';
    expect(await inside(['--platform', own], 'echo', 'ran')).toBe('ran\n');
    const other = process.arch === 'arm64' ? 'linux/amd64' : 'linux/arm64';
    const refused = await type(['run', '--rm', '--pull', 'never', '--platform', other, 'busybox', 'true']);
    expect([refused.code, refused.stderr]).toEqual([
      125,
      expect.stringContaining('does not provide the specified platform'),
    ]);
    const nonsense = await type(['create', '--platform', 'nonsense', 'busybox']);
    expect(nonsense.stderr).toContain('unknown operating system or architecture');
  });

  test('--entrypoint: takes the place of the image’s, and an empty one takes it away', async () => {
    expect(await inside(['--entrypoint', 'echo'], 'said')).toBe('said\n');
    expect(await inside(['--entrypoint', ''], 'echo', 'plain')).toBe('plain\n');
  });

  test('--workdir: where the process begins, made when it is not there', async () => {
    expect(await inside(['--workdir', '/tmp'], 'pwd')).toBe('/tmp\n');
    expect(await inside(['-w', '/made/for/it'], 'pwd')).toBe('/made/for/it\n');
    const relative = await type(['run', '--rm', '-w', 'relative', 'busybox', 'true']);
    expect([relative.code, relative.stderr]).toEqual([125, expect.stringContaining('needs to be an absolute path')]);
  });

  test('--use-api-socket: the engine and the logins are there', async () => {
    const config = mkdtempSync(join(place.folder, 'config-'));
    writeFileSync(
      join(config, 'config.json'),
      JSON.stringify({ auths: { 'registry.example': { auth: Buffer.from('me:secret').toString('base64') } } }),
    );
    const script =
      'test -S /var/run/docker.sock && cat $DOCKER_CONFIG/config.json && stat -c %a $DOCKER_CONFIG/config.json' +
      ' && stat -c %i /var/run/docker.sock';
    const { stdout, stderr } = await type(['run', '--rm', '--use-api-socket', 'busybox', 'sh', '-c', script], {
      env: { DOCKER_CONFIG: config },
    });
    expect(stderr).toBe('');
    expect(stdout).toContain('"registry.example"');
    expect(stdout.endsWith(`600\n${statSync(place.engine.socket).ino}\n`)).toBe(true);
    const elsewhere = await type(['-H', 'tcp://127.0.0.1:1', 'create', '--use-api-socket', 'busybox']);
    expect(elsewhere.stderr).toContain('can only be used with unix sockets');
  });

  test('--sig-proxy: signals reach the process, and with false only the client', async () => {
    const trap = 'trap "echo caught; exit 7" USR1; echo ready; while :; do sleep 0.05; done';
    const passed = start(['run', '--name', name('proxy'), 'busybox', 'sh', '-c', trap]);
    await passed.shows('ready');
    passed.child.kill('SIGUSR1');
    expect(await passed.ended).toMatchObject({ code: 7, stdout: 'ready\ncaught\n' });
    await type(['rm', name('proxy')]);
    const kept = start(['run', '--name', name('kept'), '--sig-proxy=false', 'busybox', 'sh', '-c', trap]);
    await kept.shows('ready');
    kept.child.kill('SIGUSR1');
    // Docker's client outlives it.
    await type(['exec', name('kept'), 'true']);
    kept.child.kill('SIGKILL');
    expect((await kept.ended).stdout).toBe('ready\n');
    expect(await inspect(name('kept'), '{{.State.Running}}')).toBe('true');
    await type(['rm', '-f', name('kept')]);
  });

  test('--detach-keys: leave the container running, by flag and by config.json', async () => {
    const leave = async (container: string, options: string, keys: string, config: object) => {
      const folderOfConfig = mkdtempSync(join(place.folder, 'config-'));
      writeFileSync(join(folderOfConfig, 'config.json'), JSON.stringify(config));
      const line = `${clientProgram(client)} run -it --name ${container} ${options} busybox sh`;
      const env = { ...process.env, ...place.env, DOCKER_CONFIG: folderOfConfig, SHELL: '/bin/sh' };
      const running = begin('script', ['--quiet', '--return', '--command', line, '/dev/null'], env);
      await running.shows('#');
      running.child.stdin.write(keys);
      await running.ended;
      expect(await inspect(container, '{{.State.Running}}')).toBe('true');
      await type(['rm', '-f', container]);
    };
    await leave(name('left'), '--detach-keys ctrl-x,a', '\x18a', {});
    await leave(name('configured'), '', '\x0fz', { detachKeys: 'ctrl-o,z' });
    await leave(name('both'), '--detach-keys ctrl-x', '\x18', { detachKeys: 'ctrl-o' });
    const wrong = await type(['run', '--detach-keys', 'ctrl-1', 'busybox', 'true']);
    expect(wrong.code).not.toBe(0);
    await type(['container', 'prune', '-f']);
  });

  test('--disable-content-trust: true is taken, and false refused since there is none', async () => {
    expect(await inside(['--disable-content-trust'], 'echo', 'ran')).toBe('ran\n');
    if (client === 'docker') return; // Docker's own asks its trust server then
    const { code, stderr } = await type(['run', '--rm', '--disable-content-trust=false', 'busybox', 'true']);
    expect([code, stderr]).toEqual([125, expect.stringContaining('content trust is not supported')]);
  });

  test('--cpu-count, --cpu-percent, --io-maxbandwidth, --io-maxiops: are for Windows, and refused', async () => {
    for (const [flag, value] of [
      ['--cpu-count', '1'],
      ['--cpu-percent', '1'],
      ['--io-maxbandwidth', '1m'],
      ['--io-maxiops', '1'],
    ] as const) {
      const { code, stderr } = await type(['create', flag, value, 'busybox']);
      expect([flag, code]).toEqual([flag, 1]);
      expect(stderr).toContain(`"${flag}" is only supported on a Docker daemon running on windows`);
    }
  });
});
