import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, startContainers, type Wish } from '../../support/containers.ts';
import { busyboxImage } from '../../support/images.ts';

let c: Containers;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'berth-files-'));
  chmodSync(dir, 0o755);
  c = await startContainers({
    images: [
      busyboxImage(['hostile:links'], {
        files: [{ path: 'outside', link: '../../../../../../tmp' }],
      }),
      busyboxImage(['full:config'], {
        files: [{ path: 'data/seed', content: 'from the image\n' }],
        config: {
          Entrypoint: ['echo', 'entry'],
          Cmd: ['cmd'],
          Env: ['PATH=/bin', 'A=image', 'B=image'],
          WorkingDir: '/data',
          Labels: { a: '1' },
        },
      }),
    ],
  });
});
afterAll(async () => {
  await c.engine.stop();
  rmSync(dir, { recursive: true, force: true });
});

let serial = 0;
function folder(files: Record<string, string> = {}): string {
  const path = join(dir, String(serial++));
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}
const host = (HostConfig: Record<string, unknown>): Wish => ({ HostConfig });

describe.concurrent('the root', () => {
  test('is writable, and the changes of one container are not in another', async () => {
    expect(await c.sh('echo mine > /bin/own; cat /bin/own')).toBe('mine');
    expect(await c.sh('ls /bin/own 2>/dev/null || echo none')).toBe('none');
  });

  test('keeps its changes over a restart', async () => {
    const { id } = await c.run(['sh', '-c', 'echo line >> /kept; wc -l < /kept']);
    await c.start(id);
    await c.wait(id);
    expect((await c.logs(id)).stdout).toBe('1\n2\n');
  });

  test('--read-only: the root, with everything that the engine puts there', async () => {
    const text = await c.sh(
      'for f in /x /etc/hosts /etc/resolv.conf /etc/hostname; do (echo x >> $f) 2>&1 || true; done; echo ok > /dev/shm/x; echo ok > /t/x; echo ok',
      host({ ReadonlyRootfs: true, Tmpfs: { '/t': '' } }),
    );
    expect(text.match(/Read-only file system/g)).toHaveLength(4);
    expect(text).toMatch(/ok$/);
  });
});

describe.concurrent('bind mounts', () => {
  test('are read and written', async () => {
    const path = folder({ file: 'host\n' });
    expect(await c.sh('cat /m/file; echo container > /m/new', host({ Binds: [`${path}:/m`] }))).toBe('host');
    expect(readFileSync(join(path, 'new'), 'utf8')).toBe('container\n');
  });

  test('are read-only, and mounts below them are too', async () => {
    const path = folder({ file: 'host\n' });
    expect(await c.sh('cat /m/file; ! echo x 2>/dev/null > /m/new', host({ Binds: [`${path}:/m:ro`] }))).toBe('host');
    const mount = { Type: 'bind', Source: path, Target: '/m', ReadOnly: true };
    expect(await c.sh('cat /m/file; ! echo x 2>/dev/null > /m/new', host({ Mounts: [mount] }))).toBe('host');
    expect(existsSync(join(path, 'new'))).toBe(false);
  });

  test('of a file', async () => {
    const path = folder({ file: 'host\n' });
    expect(
      await c.sh(
        'cat /etc/some/where; echo more >> /etc/some/where',
        host({ Binds: [`${path}/file:/etc/some/where`] }),
      ),
    ).toBe('host');
    expect(readFileSync(join(path, 'file'), 'utf8')).toBe('host\nmore\n');
  });

  test('make a missing source with -v and refuse it with --mount', async () => {
    const path = join(folder(), 'new', 'directory');
    expect(await c.sh('touch /m/x', host({ Binds: [`${path}:/m`] }))).toBe('');
    expect(statSync(path).isDirectory() && existsSync(join(path, 'x'))).toBe(true);
    const missing = { Type: 'bind', Source: join(path, 'no'), Target: '/m' };
    expect(
      await c.refusal('POST', '/containers/create', { Image: 'busybox:test', HostConfig: { Mounts: [missing] } }),
    ).toBe(`400 invalid mount config for type "bind": bind source path does not exist: ${join(path, 'no')}`);
    const made = { ...missing, BindOptions: { CreateMountpoint: true } };
    expect(await c.sh('touch /m/x', host({ Mounts: [made] }))).toBe('');
  });

  test('whose source went away before the start are refused then', async () => {
    const path = folder();
    const id = await c.create(['true'], host({ Mounts: [{ Type: 'bind', Source: path, Target: '/m' }] }));
    rmSync(path, { recursive: true });
    expect(await c.refusal('POST', `/containers/${id}/start`)).toContain(`bind source path does not exist: ${path}`);
  });

  test('one in another, in any order', async () => {
    const [outer, inner] = [folder({ a: 'outer\n' }), folder({ b: 'inner\n' })];
    mkdirSync(join(outer, 'sub'));
    expect(await c.sh('cat /m/a /m/sub/b', host({ Binds: [`${inner}:/m/sub`, `${outer}:/m`] }))).toBe('outer\ninner');
  });

  test('stay inside the root where the image has links that lead out', async () => {
    const path = folder({ file: 'host\n' });
    const wish = { Image: 'hostile:links', ...host({ Binds: [`${path}:/outside/deep`] }) };
    expect(await c.sh(`cat /outside/deep/file`, wish)).toBe('host');
    expect(existsSync('/tmp/deep')).toBe(false);
  });

  test("of the host's files by a link in the host's path are what the link means", async () => {
    const path = folder({ file: 'host\n' });
    symlinkSync(path, `${path}-link`);
    expect(await c.sh('cat /m/file', host({ Binds: [`${path}-link:/m`] }))).toBe('host');
  });
});

describe.concurrent('tmpfs and volumes', () => {
  test('tmpfs with its options', async () => {
    const text = await c.sh(
      'grep " /t " /proc/mounts; stat -c %a /t /u',
      host({ Tmpfs: { '/t': 'size=1m,mode=700', '/u': '' } }),
    );
    expect(text).toMatch(/tmpfs \/t tmpfs rw,nosuid,nodev,noexec.*size=1024k,mode=700/);
    expect(text).toMatch(/700\n1777$/);
    expect(
      await c.sh(
        'df -k /t | tail -1',
        host({ Mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 1 << 20, Mode: 0o700 } }] }),
      ),
    ).toMatch(/\s1024\s/);
  });

  test('anonymous volumes begin with what the image has there and keep what is written', async () => {
    const wish = { Image: 'full:config', Entrypoint: ['sh', '-c'], Volumes: { '/data': {} } };
    const { id, stdout } = await c.run(['cat seed; echo more >> seed'], wish);
    expect(stdout).toBe('from the image\n');
    await c.start(id);
    await c.wait(id);
    expect((await c.logs(id)).stdout).toBe('from the image\nfrom the image\nmore\n');
  });

  test('a /dev of the user is whole: nothing of the engine is mounted in it', async () => {
    const { dev } = statSync('/dev');
    const text = await c.sh(
      'stat -c %d /dev; grep -cE " /dev/(pts|shm|mqueue) .*newinstance| shm /dev/shm" /proc/mounts || true',
      host({ Binds: ['/dev:/dev'] }),
    );
    expect(text.split('\n')[0]).toBe(String(dev));
  });
});

describe.concurrent("the engine's files", () => {
  test('hosts: its own address and name, and what was added', async () => {
    const { id, stdout } = await c.run(['cat', '/etc/hosts'], {
      Hostname: 'web',
      Domainname: 'example.org',
      ...host({ ExtraHosts: ['db:10.1.2.3', 'six:2001:db8::1', 'up:host-gateway'] }),
    });
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => line.split(/\s+/).join(' '));
    expect(lines).toEqual(
      expect.arrayContaining([
        '127.0.0.1 localhost',
        '10.1.2.3 db',
        '2001:db8::1 six',
        `${c.engine.bip.split('/')[0]} up`,
      ]),
    );
    expect(lines.find((line) => line.endsWith('web.example.org web'))).toMatch(/^10\./);
    expect((await c.inspect(id)).NetworkSettings.IPAddress).toBe('');
  });

  test('the address in hosts is that of the network', async () => {
    const id = await c.begin(['sleep', '600']);
    const { IPAddress, Gateway } = (await c.inspect(id)).NetworkSettings;
    expect(Gateway).toBe(c.engine.bip.split('/')[0]);
    expect((await c.exec(id, ['grep', id.slice(0, 12), '/etc/hosts'])).stdout).toBe(
      `${IPAddress}\t${id.slice(0, 12)}\n`,
    );
    expect((await c.exec(id, ['cat', '/etc/hostname'])).stdout).toBe(`${id.slice(0, 12)}\n`);
    expect((await c.exec(id, ['ping', '-c1', '-W2', Gateway])).code).toBe(0);
  });

  test('resolv.conf as wished', async () => {
    const wish = host({
      Dns: ['10.9.8.7', '10.9.8.6'],
      DnsSearch: ['a.example', 'b.example'],
      DnsOptions: ['ndots:3'],
    });
    expect(await c.sh('cat /etc/resolv.conf', wish)).toBe(
      'nameserver 10.9.8.7\nnameserver 10.9.8.6\nsearch a.example b.example\noptions ndots:3',
    );
  });

  test('on the network of the host and without one', async () => {
    expect(await c.sh('cat /etc/hosts', host({ NetworkMode: 'host' }))).toBe(
      readFileSync('/etc/hosts', 'utf8').trimEnd(),
    );
    expect(await c.sh('ls /sys/class/net; cat /etc/hosts', host({ NetworkMode: 'none' }))).toMatch(
      /^lo\n127\.0\.0\.1\s+localhost/,
    );
    expect(await c.sh('hostname', host({ NetworkMode: 'host' }))).toBe(
      readFileSync('/proc/sys/kernel/hostname', 'utf8').trim(),
    );
  });

  test('can be changed by the container, and begin anew at the next start', async () => {
    const { id, stdout } = await c.run([
      'sh',
      '-c',
      'grep -c added /etc/hosts; echo 1.2.3.4 added >> /etc/hosts; grep -c added /etc/hosts',
    ]);
    expect(stdout).toBe('0\n1\n');
    await c.start(id);
    await c.wait(id);
    expect((await c.logs(id)).stdout).toBe('0\n1\n0\n1\n');
  });
});

describe.concurrent('the process', () => {
  const full: Wish = { Image: 'full:config' };

  test('is the entrypoint with the command; one replaces the other as with Docker', async () => {
    expect((await c.run(null, full)).stdout).toBe('entry cmd\n');
    expect((await c.run(['given'], full)).stdout).toBe('entry given\n');
    expect((await c.run(null, { ...full, Entrypoint: ['pwd'] })).stdout).toBe('/data\n');
    expect((await c.run(['echo', 'plain'], { ...full, Entrypoint: [''] })).stdout).toBe('plain\n');
    expect(await c.refusal('POST', '/containers/create', { Image: 'full:config', Entrypoint: [''] })).toMatch(
      /^400 [Nn]o command specified/,
    );
  });

  test('has the environment of Docker, the image and the user, the last wins', async () => {
    const { stdout } = await c.run(['env'], {
      ...full,
      Entrypoint: [''],
      Env: ['B=mine', 'C=', 'PATH=/bin:/x'],
      Hostname: 'h',
    });
    expect(stdout.trim().split('\n').sort()).toEqual([
      'A=image',
      'B=mine',
      'C=',
      'HOME=/root',
      'HOSTNAME=h',
      'PATH=/bin:/x',
    ]);
    const nobody = await c.run(['env'], { ...full, Entrypoint: [''], User: '4242', Tty: true });
    expect(nobody.stdout.trim().split('\r\n').sort()).toEqual([
      'A=image',
      'B=image',
      'HOME=/',
      expect.stringMatching(/^HOSTNAME=/),
      'PATH=/bin',
      'TERM=xterm',
    ]);
  });

  test('works in a directory that is made when it is missing', async () => {
    expect(await c.sh('pwd; stat -c "%a %u" .', { WorkingDir: '/not/there/yet' })).toBe('/not/there/yet\n755 0');
    expect(await c.sh('pwd', { WorkingDir: '/m/sub', ...host({ Tmpfs: { '/m': '' } }) })).toBe('/m/sub');
    await c.sh('pwd', { Image: 'hostile:links', WorkingDir: '/outside/wd' });
    expect(existsSync('/tmp/wd')).toBe(false);
    const id = await c.create(['true'], { WorkingDir: '/bin/busybox/x' });
    expect(await c.refusal('POST', `/containers/${id}/start`)).toMatch(
      /^(400|500) .*(not a directory|Not a directory)/,
    );
  });
});
