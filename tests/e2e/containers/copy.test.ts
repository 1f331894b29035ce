import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type CommandOptions, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

let engine: TestEngine;
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-cp-'));
  engine = await startTestEngine();
  env = { DOCKER_HOST: engine.host, DOCKER_CONFIG: folder, HOME: folder, DOCKER_CLI_HINTS: 'false', TERM: 'xterm' };
  await run(clientProgram('docker'), ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]), env });
});
afterAll(async () => {
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(['docker', 'berth'] as const)('%s', (client) => {
  const type = (args: string[], options: CommandOptions = {}) =>
    run(clientProgram(client), args, { ...options, env: { ...env, ...options.env } });
  /** Must succeed; stdout. */
  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await type(args);
    expect(code, `${args.join(' ')}\n${stderr}`).toBe(0);
    return stdout;
  };
  /** Must be refused; what is said. */
  const refused = async (...args: string[]) => {
    const { code, stderr } = await type(args);
    expect(code, args.join(' ')).toBe(1);
    // Docker's client also logs what becomes of its own archive then.
    return stderr.replaceAll(/^time=.*\n/gm, '').trim();
  };

  describe.each(['running', 'stopped'])('%s container', (how) => {
    const name = `${client}-${how}`;
    let place: string;
    let count = 0;
    /** What a shell says in the container; a stopped one is looked at through the host. */
    const sh = async (script: string) => {
      if (how === 'running') return (await ok('exec', name, 'sh', '-ec', script)).trimEnd();
      await ok('start', name);
      try {
        return (await ok('exec', name, 'sh', '-ec', script)).trimEnd();
      } finally {
        await ok('stop', '-t', '0', name);
      }
    };
    beforeAll(async () => {
      await ok('create', '--name', name, 'busybox', 'sleep', '1000');
      if (how === 'running') await ok('start', name);
    });
    beforeEach(() => {
      place = join(folder, `${client}-${how}-${count++}`);
      mkdirSync(join(place, 'dir/sub'), { recursive: true });
      writeFileSync(join(place, 'file'), 'content');
      writeFileSync(join(place, 'dir/a'), 'a');
      writeFileSync(join(place, 'dir/sub/b'), 'b');
      chmodSync(join(place, 'dir/sub/b'), 0o4751);
      symlinkSync('a', join(place, 'dir/link'));
      symlinkSync('dir', join(place, 'dirlink'));
    });

    test('a file to a new name, into a directory, over a file', async () => {
      await ok('cp', join(place, 'file'), `${name}:/tmp/new`);
      await ok('cp', join(place, 'file'), `${name}:/tmp/`);
      await ok('cp', join(place, 'dir/a'), `${name}:/tmp/file`);
      expect(await sh('cat /tmp/new; cat /tmp/file')).toBe('contenta');
    });

    test('a directory into one that is there, to a new name, its content alone', async () => {
      await sh('mkdir -p /d/there');
      await ok('cp', join(place, 'dir'), `${name}:/d/there`);
      await ok('cp', join(place, 'dir'), `${name}:/d/new`);
      await ok('cp', `${join(place, 'dir')}/.`, `${name}:/d/there`);
      await ok('cp', `${join(place, 'dir')}/`, `${name}:/d/slash/`);
      const list = await sh('cd /d; find . | sort; readlink new/link; stat -c %a new/sub/b; rm -r /d');
      expect(list.split('\n')).toEqual([
        ...['.', './new', './new/a', './new/link', './new/sub', './new/sub/b'],
        ...['./slash', './slash/a', './slash/link', './slash/sub', './slash/sub/b'],
        ...['./there', './there/a', './there/dir', './there/dir/a', './there/dir/link', './there/dir/sub'],
        ...['./there/dir/sub/b', './there/link', './there/sub', './there/sub/b', 'a', '4751'],
      ]);
    });

    test('-L, --follow-link: links in the source are followed, at its end only then', async () => {
      await ok('cp', join(place, 'dirlink'), `${name}:/tmp/l1`);
      await ok('cp', '-L', join(place, 'dirlink'), `${name}:/tmp/l2`);
      await sh('mkdir /tmp/l3');
      await ok('cp', '--follow-link', join(place, 'dirlink'), `${name}:/tmp/l3`);
      expect(await sh('readlink /tmp/l1; ls /tmp/l2; ls /tmp/l3; rm -r /tmp/l*')).toBe('dir\na\nlink\nsub\ndirlink');
      await sh('mkdir -p /tmp/real; echo x > /tmp/real/x; ln -s real /tmp/toreal; ln -s /tmp/real/x /tmp/tox');
      await ok('cp', `${name}:/tmp/toreal`, join(place, 'o1'));
      await ok('cp', '-L', `${name}:/tmp/toreal`, join(place, 'o2'));
      await ok('cp', '-L', `${name}:/tmp/tox`, place);
      expect(readlinkSync(join(place, 'o1'))).toBe('real');
      expect(readFileSync(join(place, 'o2/x'), 'utf8')).toBe('x\n');
      expect(readFileSync(join(place, 'tox'), 'utf8')).toBe('x\n');
      await sh('rm -r /tmp/real /tmp/to*');
    });

    test('out: file, directory, content, new names, modes and times', async () => {
      await sh(
        'mkdir -p /o/sub; echo 1 > /o/f; echo 2 > /o/sub/g; ln -s f /o/l; chmod 2750 /o/sub; touch -d "2001-02-03 04:05:06" /o/f',
      );
      await ok('cp', `${name}:/o/f`, join(place, 'f2'));
      await ok('cp', `${name}:/o`, join(place, 'o2'));
      await ok('cp', `${name}:/o/`, place);
      mkdirSync(join(place, 'flat'));
      await ok('cp', `${name}:/o/.`, join(place, 'flat'));
      expect(readFileSync(join(place, 'f2'), 'utf8')).toBe('1\n');
      for (const at of ['o2', 'o', 'flat']) {
        expect(readFileSync(join(place, at, 'sub/g'), 'utf8')).toBe('2\n');
        expect(readlinkSync(join(place, at, 'l'))).toBe('f');
        expect(statSync(join(place, at, 'sub')).mode & 0o7777).toBe(0o2750);
        expect(statSync(join(place, at, 'f')).mtime.toISOString()).toBe('2001-02-03T04:05:06.000Z');
      }
      await sh('rm -r /o');
    });

    test('- as archive of stdin and stdout', async () => {
      const { stdout: archive } = await run('sh', ['-c', `tar -C ${place} -c dir | base64`], {});
      const input = Buffer.from(archive, 'base64');
      expect((await type(['cp', '-', `${name}:/tmp`], { input })).code).toBe(0);
      expect(await sh('cat /tmp/dir/a /tmp/dir/sub/b; rm -r /tmp/dir')).toBe('ab');
      await sh('echo hello > /tmp/h');
      const out = await type(['cp', `${name}:/tmp/h`, '-']);
      expect(out.stdout).toContain('hello\n');
      expect((await run('tar', ['-t'], { input: out.stdout })).stdout).toBe('h\n');
      await sh('rm /tmp/h');
    });

    test('-a, --archive: owners go along; in a container with a user, that user owns all', async () => {
      const owned = join(place, 'owned');
      writeFileSync(owned, 'x');
      await run('chown', ['1234:5678', owned]);
      await ok('cp', owned, `${name}:/tmp/o1`);
      await ok('cp', '-a', owned, `${name}:/tmp/o2`);
      expect(await sh('stat -c %u:%g /tmp/o1 /tmp/o2; rm /tmp/o1 /tmp/o2')).toBe('1234:5678\n1234:5678');
      const user = `${name}-user`;
      await ok('create', '--name', user, '--user', '12:34', 'busybox', 'stat', '-c', '%u:%g', '/tmp/o');
      await ok('cp', '--archive', owned, `${user}:/tmp/o`);
      expect(await ok('start', '-a', user)).toBe('12:34\n');
    });

    test('refusals', async () => {
      const path = (rest: string) => join(place, rest);
      expect(await refused('cp', `${name}:/nope`, place)).toBe(
        `Error response from daemon: Could not find the file /nope in container ${name}`,
      );
      expect(await refused('cp', path('nope'), `${name}:/tmp`)).toBe(
        `lstat ${path('nope')}: no such file or directory`,
      );
      expect(await refused('cp', path('file'), `${name}:/no/such/place`)).toBe(
        `Error response from daemon: Could not find the file /no/such in container ${name}`,
      );
      expect(await refused('cp', path('file'), `${name}:/new/`)).toBe('no such directory');
      expect(await refused('cp', path('dir'), `${name}:/etc/passwd`)).toBe('cannot copy directory');
      expect(await refused('cp', `${name}:/etc`, path('file'))).toBe('cannot copy directory');
      expect(await refused('cp', `${name}:/etc/passwd`, path('no/such/place'))).toMatch(/no such file|does not exist/);
      expect(await refused('cp', `${name}:/a`, `${name}:/b`)).toBe('copying between containers is not supported');
      expect(await refused('cp', path('file'), path('b'))).toBe('must specify at least one container source');
      expect(await refused('cp', '', `${name}:/b`)).toBe('source can not be empty');
      expect(await refused('cp', path('file'), '')).toBe('destination can not be empty');
      expect(await refused('cp', path('file'), 'nobody:/x')).toBe(
        'Error response from daemon: No such container: nobody',
      );
      mkdirSync(path('clash/file'), { recursive: true });
      await sh('mkdir -p /tmp/clash; touch /tmp/clash/file');
      expect(await refused('cp', `${path('clash')}/.`, `${name}:/tmp/clash`)).toBe(
        'Error response from daemon: cannot overwrite non-directory "/tmp/clash/file" with directory "/tmp/clash"',
      );
      writeFileSync(path('d'), '');
      await sh('rm -r /tmp/clash; mkdir -p /tmp/clash/d');
      expect(await refused('cp', path('d'), `${name}:/tmp/clash`)).toBe(
        'Error response from daemon: cannot overwrite directory "/tmp/clash/d" with non-directory "/tmp/clash"',
      );
      await sh('rm -r /tmp/clash');
      mkdirSync(path('here/passwd'), { recursive: true });
      expect(await refused('cp', `${name}:/etc/passwd`, path('here'))).toBe(
        `cannot overwrite directory "${path('here/passwd')}" with non-directory "${path('here')}"`,
      );
    });

    test('-q, --quiet: says nothing; with --quiet=false the size is told', async () => {
      expect(await type(['cp', join(place, 'file'), `${name}:/tmp/q`])).toMatchObject({ stdout: '', stderr: '' });
      const told = await type(['cp', '--quiet=false', join(place, 'file'), `${name}:/tmp/q`]);
      expect(told.stderr).toBe(`Successfully copied 2.05kB to ${name}:/tmp/q\n`);
      const out = await type(['cp', '-q=false', `${name}:/tmp/q`, join(place, 'q')]);
      expect(out.stderr).toBe(`Successfully copied 2.05kB to ${join(place, 'q')}\n`);
      await sh('rm /tmp/q');
    });
  });

  test('mounts are seen: bind, anonymous volume, tmpfs of a running container; read-only ones refuse', async () => {
    const host = join(folder, `${client}-host`);
    mkdirSync(host);
    writeFileSync(join(host, 'h'), 'host');
    const file = join(folder, 'plain');
    writeFileSync(file, 'plain');
    const name = `${client}-mounts`;
    await ok(
      'run',
      '-d',
      '--name',
      name,
      '-v',
      `${host}:/h`,
      '-v',
      `${host}:/ro:ro`,
      '-v',
      '/v',
      '--tmpfs',
      '/t',
      'busybox',
      'sleep',
      '1000',
    );
    for (const to of ['/h/in', '/v/in', '/t/in']) await ok('cp', file, `${name}:${to}`);
    expect(await ok('exec', name, 'cat', '/h/in', '/v/in', '/t/in')).toBe('plainplainplain');
    expect(readFileSync(join(host, 'in'), 'utf8')).toBe('plain');
    expect(await ok('cp', `${name}:/ro/h`, '-')).toContain('host');
    expect(await refused('cp', file, `${name}:/ro/x`)).toBe(
      'Error response from daemon: mounted volume is marked read-only',
    );
    // What is mounted cannot be replaced, as with Docker.
    expect(await refused('cp', file, `${name}:/etc/hosts`)).toBe(
      'Error response from daemon: unlinkat /etc/hosts: device or resource busy',
    );
    await ok('stop', '-t', '0', name);
    await ok('cp', file, `${name}:/h/again`);
    await ok('cp', file, `${name}:/v/again`);
    expect(await refused('cp', file, `${name}:/ro/x`)).toBe(
      'Error response from daemon: mounted volume is marked read-only',
    );
    expect(existsSync(join(host, 'again'))).toBe(true);
    expect(await ok('cp', `${name}:/v/in`, '-')).toContain('plain');
    await ok('start', name);
    expect(await ok('exec', name, 'cat', '/v/again')).toBe('plain');
    expect(lstatSync(host).isDirectory()).toBe(true);
    await ok('rm', '-f', '-v', name);
  });

  test.each(['running', 'stopped'])('a read-only root refuses (%s)', async (how) => {
    const file = join(folder, 'plain');
    writeFileSync(file, 'plain');
    const name = `${client}-readonly-${how}`;
    await ok('create', '--name', name, '--read-only', '-v', '/v', 'busybox', 'sleep', '1000');
    if (how === 'running') await ok('start', name);
    expect(await refused('cp', file, `${name}:/tmp/x`)).toBe(
      'Error response from daemon: container rootfs is marked read-only',
    );
    if (how === 'running') await ok('cp', file, `${name}:/v/x`);
    await ok('rm', '-f', '-v', name);
  });

  test('export: to stdout and to a file; what is exported can be imported and runs', async () => {
    const name = `${client}-export`;
    await ok('run', '--name', name, '-v', '/v', 'busybox', 'sh', '-c', 'echo kept > /kept; echo gone > /v/gone');
    const file = join(folder, `${client}.tar`);
    await ok('export', '-o', file, name);
    const { stdout: listed } = await run('tar', ['-tf', file]);
    expect(listed).toMatch(/^bin\/$/m);
    expect(listed).toMatch(/^kept$/m);
    expect(listed).not.toMatch(/gone/);
    const { stdout } = await run('sh', ['-c', `${clientProgram(client)} export ${name} | tar -xO kept`], { env });
    expect(stdout).toBe('kept\n');
    const id = (await ok('import', file, `${client}-imported:1`)).trim();
    expect(id).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(await ok('run', '--rm', `${client}-imported:1`, 'cat', '/kept')).toBe('kept\n');
    expect(await refused('export', 'nobody')).toContain('No such container: nobody');
    await ok('rm', '-v', name);
  });
});
