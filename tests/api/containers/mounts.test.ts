// Mounts of every type with their options: what the program sees, what the kernel has, what inspect says. Long because
// all of them share one set of images and mounts of the host.
import { execFileSync } from 'node:child_process';
import {
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
import { mountsBelow } from '../../support/leaks.ts';

let c: Containers;
let dir: string;
/** A mount of its own that passes mounts on to its peers, with a further mount at `sub`. */
let shared: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'berth-mounts-'));
  shared = join(dir, 'shared');
  mkdirSync(shared);
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', shared]);
  execFileSync('mount', ['--make-shared', shared]);
  mkdirSync(join(shared, 'sub'));
  execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(shared, 'sub')]);
  c = await startContainers({
    images: [
      busyboxImage(['seeded:1'], {
        files: [
          { path: 'data', mode: 0o2750, uid: 1000, gid: 1001 },
          { path: 'data/file', content: 'seed\n', mode: 0o640, uid: 1000, gid: 1001 },
          { path: 'data/sub' },
          { path: 'data/sub/deep', content: 'deep\n' },
          { path: 'data/link', link: 'sub/deep' },
          { path: 'empty', mode: 0o700, uid: 7, gid: 8 },
          { path: 'plain', content: 'a file\n' },
        ],
        config: { Volumes: { '/data': {} } },
      }),
      busyboxImage(['layered:1'], {
        files: [
          { path: 'data/low', content: 'low\n' },
          { path: 'data/both', content: 'from below\n' },
          { path: 'data/gone', content: 'gone\n' },
        ],
        above: [
          [
            { path: 'data', mode: 0o711 },
            { path: 'data/both', content: 'from above\n' },
            { path: 'data/.wh.gone', content: '' },
          ],
          [
            { path: 'data', mode: 0o711 },
            { path: 'data/high', content: 'high\n' },
          ],
        ],
      }),
    ],
  });
});
afterAll(async () => {
  await c.engine.stop();
  for (const point of mountsBelow(dir)) execFileSync('umount', ['-l', point]);
  rmSync(dir, { recursive: true, force: true });
});

let serial = 0;
const fresh = (word = 'volume') => `${word}-${serial++}`;
function folder(files: Record<string, string> = {}): string {
  const path = join(dir, String(serial++));
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}
const host = (HostConfig: Record<string, unknown>, more: Wish = {}): Wish => ({ ...more, HostConfig });
const mount = (wish: Record<string, unknown>, more: Wish = {}) => host({ Mounts: [wish] }, more);
const mountpoint = async (name: string) =>
  (await c.ask('GET', `/volumes/${name}`)).json<{ Mountpoint: string }>().Mountpoint;
const createRefusal = (wish: Wish) => c.refusal('POST', '/containers/create', { Image: 'busybox:test', ...wish });
const canWrite = (path: string) => `touch ${path}/x 2>/dev/null && echo writable || echo read-only`;

describe('--volume', () => {
  test('--volume: a name, a path of the host and a bare path are a volume, a bind and an anonymous volume', async () => {
    const [name, path] = [fresh(), folder()];
    const id = await c.create(['true'], host({ Binds: [`${name}:/a`, `${path}:/b:ro`] }, { Volumes: { '/c': {} } }));
    const { Mounts } = await c.inspect(id);
    expect(Mounts.map(({ Type, Destination, RW, Mode }) => [Type, Destination, RW, Mode])).toEqual([
      ['volume', '/a', true, 'z'],
      ['bind', '/b', false, 'ro'],
      ['volume', '/c', true, ''],
    ]);
  });

  test('--volume: an empty volume begins with what the image has there, owners and modes included', async () => {
    const name = fresh();
    const wish = host({ Binds: [`${name}:/data`] }, { Image: 'seeded:1' });
    const look = 'cd /data; stat -c "%n %a %u %g" . file sub/deep; readlink link; cat file';
    expect(await c.sh(look, wish)).toBe('. 2750 1000 1001\nfile 640 1000 1001\nsub/deep 644 0 0\nsub/deep\nseed');
    await c.sh('rm /data/link; echo changed > /data/file', wish);
    expect(await c.sh('ls /data; cat /data/file', wish)).toBe('file\nsub\nchanged');
    const empty = fresh();
    await c.create(['true'], host({ Binds: [`${empty}:/empty`] }, { Image: 'seeded:1' }));
    const { mode, uid, gid } = statSync(await mountpoint(empty));
    expect([mode & 0o7777, uid, gid]).toEqual([0o700, 7, 8]);
  });

  test('--volume: an empty volume begins with what all layers of the image make of it', async () => {
    const wish = host({ Binds: [`${fresh()}:/data`] }, { Image: 'layered:1' });
    expect(await c.sh('ls -A /data; cat /data/both; stat -c %a /data', wish)).toBe('both\nhigh\nlow\nfrom above\n711');
  });

  test('--volume: nocopy leaves an empty volume empty', async () => {
    const wish = host({ Binds: [`${fresh()}:/data:nocopy`] }, { Image: 'seeded:1' });
    expect(await c.sh('ls -A /data', wish)).toBe('');
    expect(await createRefusal(host({ Binds: [`${folder()}:/x:nocopy`] }))).toContain('VolumeOptions must not be');
  });

  test('--volume: a volume of the image over a file of the image is refused', async () => {
    const body = { Image: 'seeded:1', Volumes: { '/plain': {} } };
    expect(await c.refusal('POST', '/containers/create', body)).toBe(
      '400 cannot mount volume over existing file, file exists /plain',
    );
  });

  test('--volume: z, Z and the words for consistency change nothing', async () => {
    const path = folder({ file: 'x' });
    for (const mode of ['z', 'Z', 'cached', 'delegated', 'consistent', 'ro,z'])
      expect(await c.sh('cat /m/file', host({ Binds: [`${path}:/m:${mode}`] })), mode).toBe('x');
  });

  test('--volume: nested mounts in any order', async () => {
    const [outer, inner] = [fresh(), fresh()];
    const script = 'echo o > /m/file; echo i > /m/a/b/file; cat /m/file /m/a/b/file';
    expect(await c.sh(script, host({ Binds: [`${inner}:/m/a/b`, `${outer}:/m`], Tmpfs: { '/m/a': '' } }))).toBe('o\ni');
    expect(readFileSync(join(await mountpoint(inner), 'file'), 'utf8')).toBe('i\n');
    expect(existsSync(join(await mountpoint(outer), 'a', 'b'))).toBe(false);
  });

  test('--volume: names that are none, and modes that volumes do not have, are refused', async () => {
    expect(await createRefusal(host({ Binds: ['a/b:/x'] }))).toMatch(/^400 create a\/b: .* invalid characters/);
    expect(await createRefusal(host({ Binds: ['name:/x:rshared'] }))).toContain('BindOptions must not be specified');
  });
});

describe('--volume-driver', () => {
  test('--volume-driver: local makes volumes, others are not found', async () => {
    const name = fresh();
    expect(await c.sh('echo ok > /x/f; cat /x/f', host({ Binds: [`${name}:/x`], VolumeDriver: 'local' }))).toBe('ok');
    expect(await createRefusal(host({ Binds: [`${fresh()}:/x`], VolumeDriver: 'rexray' }))).toMatch(
      /^400 create .*: error looking up volume plugin rexray: plugin "rexray" not found/,
    );
    expect(await createRefusal(host({ VolumeDriver: 'rexray' }, { Volumes: { '/x': {} } }))).toContain(
      'plugin "rexray" not found',
    );
  });
});

describe('--volumes-from', () => {
  const mountsOf = async (id: string) =>
    (await c.inspect(id)).Mounts.map(
      ({ Type, Destination, RW }) => `${Type} ${Destination} ${RW ? 'rw' : 'ro'}`,
    ).sort();

  test('--volumes-from: all mounts of another container, read-only where that is asked for, and chained', async () => {
    const [name, path] = [fresh(), folder()];
    const first = await c.create(['true'], {
      ...host({ Binds: [`${name}:/v`, `${path}:/b:ro`], Tmpfs: { '/t': '' } }),
      Volumes: { '/anonymous': {} },
    });
    const second = await c.create(['true'], host({ VolumesFrom: [first] }));
    expect(await mountsOf(second)).toEqual(['bind /b ro', 'volume /anonymous rw', 'volume /v rw']);
    const third = await c.create(['sh', '-c', canWrite('/v')], host({ VolumesFrom: [`${second}:ro`] }));
    expect(await mountsOf(third)).toEqual(['bind /b ro', 'volume /anonymous ro', 'volume /v ro']);
    await c.start(third);
    await c.wait(third);
    expect((await c.logs(third)).stdout).toBe('read-only\n');
    const names = new Set(
      (await Promise.all([first, second, third].map((id) => c.inspect(id)))).map(
        ({ Mounts }) => Mounts.find(({ Destination }) => Destination === '/anonymous')!.Name,
      ),
    );
    expect(names.size).toBe(1);
    const [anonymous] = [...names];
    // It goes with the last container that has it.
    await c.ask('DELETE', `/containers/${first}?v=1`);
    await c.ask('DELETE', `/containers/${second}?v=1`);
    expect((await c.ask('GET', `/volumes/${anonymous}`)).status).toBe(200);
    await c.ask('DELETE', `/containers/${third}?v=1`);
    expect(await c.refusal('GET', `/volumes/${anonymous}`)).toContain('404');
  });

  test('--volumes-from: gives way to mounts of the container itself, and comes before volumes of its image', async () => {
    const [name, own] = [fresh(), fresh()];
    const first = await c.create(['true'], host({ Binds: [`${name}:/data`, `${fresh()}:/other`] }));
    const wish = host({ VolumesFrom: [first], Binds: [`${own}:/other`] }, { Image: 'seeded:1' });
    const id = await c.create(['true'], wish);
    const { Mounts } = await c.inspect(id);
    expect(Mounts.map(({ Name, Destination }) => [Name, Destination])).toEqual([
      [name, '/data'],
      [own, '/other'],
    ]);
  });

  test('--volumes-from: what is wrong is said', async () => {
    expect(await createRefusal(host({ VolumesFrom: ['nobody'] }))).toBe('400 No such container: nobody');
    const id = await c.create(['true']);
    expect(await createRefusal(host({ VolumesFrom: [`${id}:what`] }))).toBe('400 invalid mode: what');
    expect(await createRefusal(host({ VolumesFrom: [''] }))).toContain('cannot be an empty string');
  });
});

describe('--mount type=volume', () => {
  test('--mount: type=volume with labels and options of the driver', async () => {
    const name = fresh();
    const VolumeOptions = {
      Labels: { a: 'b' },
      DriverConfig: { Name: 'local', Options: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=0700' } },
    };
    const wish = mount({ Type: 'volume', Source: name, Target: '/v', VolumeOptions });
    expect(await c.sh('grep " /v " /proc/mounts; stat -c %a /v', wish)).toMatch(
      /^tmpfs \/v tmpfs rw.*size=1024k.*\n700$/,
    );
    expect((await c.ask('GET', `/volumes/${name}`)).json()).toMatchObject({
      Labels: { a: 'b' },
      Options: { type: 'tmpfs', device: 'tmpfs', o: 'size=1m,mode=0700' },
    });
  });

  test('--mount: volume-nocopy, readonly', async () => {
    const wish = mount(
      { Type: 'volume', Source: fresh(), Target: '/data', ReadOnly: true, VolumeOptions: { NoCopy: true } },
      { Image: 'seeded:1' },
    );
    expect(await c.sh(`ls -A /data; ${canWrite('/data')}`, wish)).toBe('read-only');
    const copied = mount({ Type: 'volume', Source: fresh(), Target: '/data', ReadOnly: true }, { Image: 'seeded:1' });
    expect(await c.sh('cat /data/file', copied)).toBe('seed');
  });

  test('--mount: volume-subpath mounts a directory or a file inside the volume', async () => {
    const name = fresh();
    await c.sh(
      'mkdir -p /v/a/b; echo inside > /v/a/b/file; ln -s a/b /v/link; echo top > /v/top',
      host({ Binds: [`${name}:/v`] }),
    );
    const sub = (Subpath: string, more: object = {}) =>
      mount({ Type: 'volume', Source: name, Target: '/m', VolumeOptions: { Subpath }, ...more });
    expect(await c.sh('ls /m; cat /m/file', sub('a/b'))).toBe('file\ninside');
    expect(await c.sh('cat /m/file', sub('./a/../a/b/'))).toBe('inside');
    expect(await c.sh('cat /m/file', sub('link'))).toBe('inside');
    expect(await c.sh('cat /m', sub('top'))).toBe('top');
    expect(await c.sh(canWrite('/m'), sub('a', { ReadOnly: true }))).toBe('read-only');
    const { Mounts } = await c.inspect(await c.create(['true'], sub('a')));
    expect(Mounts).toMatchObject([{ Type: 'volume', Name: name, Destination: '/m', Source: await mountpoint(name) }]);
    for (const Subpath of ['/a', '..', '../x', 'a/../../x'])
      expect(await createRefusal(sub(Subpath))).toContain('subpath must be a relative path within the volume');
    const missing = await c.create(['true'], sub('not/there'));
    expect(await c.refusal('POST', `/containers/${missing}/start`)).toContain('cannot mount "not/there" of volume');
  });

  test('--mount: an anonymous volume', async () => {
    const id = await c.create(['true'], mount({ Type: 'volume', Target: '/v' }));
    const { Name } = (await c.inspect(id)).Mounts[0]!;
    await c.ask('DELETE', `/containers/${id}?v=1`);
    expect(await c.refusal('GET', `/volumes/${Name}`)).toContain('404');
    expect(await createRefusal(mount({ Type: 'volume', Target: '/v', ReadOnly: true }))).toContain(
      'must not set ReadOnly mode when using anonymous volumes',
    );
  });
});

describe('--mount type=image', () => {
  test('--mount: type=image shows the files of an image, read-only', async () => {
    const wish = mount({ Type: 'image', Source: 'seeded:1', Target: '/image' });
    expect(await c.sh(`cat /image/data/file; ${canWrite('/image')}`, wish)).toBe('seed\nread-only');
    const id = await c.create(['true'], wish);
    expect((await c.inspect(id)).Mounts).toEqual([
      {
        Type: 'image',
        Name: 'seeded:1',
        Source: expect.stringMatching(/^sha256:/),
        Destination: '/image',
        Mode: '',
        RW: false,
        Propagation: '',
      },
    ]);
    expect(await c.refusal('DELETE', '/images/seeded:1')).toContain('409');
  });

  test('--mount: image-subpath', async () => {
    const sub = (Subpath: string) =>
      mount({ Type: 'image', Source: 'seeded:1', Target: '/i', ImageOptions: { Subpath } });
    expect(await c.sh('cat /i/deep', sub('data/sub'))).toBe('deep');
    expect(await c.sh('cat /i', sub('plain'))).toBe('a file');
    expect(await createRefusal(sub('../x'))).toContain('subpath must be a relative path');
  });

  test('--mount: several images, of several layers', async () => {
    const both = host({
      Mounts: [
        { Type: 'image', Source: 'layered:1', Target: '/a' },
        { Type: 'image', Source: 'busybox:test', Target: '/b' },
        { Type: 'image', Source: 'layered:1', Target: '/c', ImageOptions: { Subpath: 'data' } },
      ],
    });
    const script =
      'ls /a/data; cat /a/data/both; ls /b/bin/busybox; ls /c | wc -l; touch /a/x 2>&1 | grep -c Read-only';
    expect(await c.sh(script, both)).toBe('both\nhigh\nlow\nfrom above\n/b/bin/busybox\n3\n1');
  });

  test('--mount: types and images that are not there', async () => {
    expect(await createRefusal(mount({ Type: 'image', Source: 'nothing:1', Target: '/i' }))).toBe(
      '400 No such image: nothing:1',
    );
    for (const Type of ['cluster', 'npipe', 'other'])
      expect(await createRefusal(mount({ Type, Source: 'x', Target: '/i' }))).toBe(
        `400 invalid mount config for type "${Type}": mount type unknown`,
      );
  });
});

describe('--mount type=bind', () => {
  const bind = (BindOptions: object, more: object = {}) =>
    mount({ Type: 'bind', Source: shared, Target: '/m', BindOptions, ...more });
  const both = `${canWrite('/m')}; ${canWrite('/m/sub')}`;

  test('--mount: bind-recursive=enabled makes mounts below a read-only one read-only too', async () => {
    expect(await c.sh(both, bind({}, { ReadOnly: true }))).toBe('read-only\nread-only');
    expect(await c.sh(both, host({ Binds: [`${shared}:/m:ro`] }))).toBe('read-only\nread-only');
    expect(await c.sh(both, bind({}))).toBe('writable\nwritable');
  });

  test('--mount: bind-recursive=disabled leaves mounts below out', async () => {
    expect(await c.sh('grep -c " /m/sub " /proc/mounts || true', bind({ NonRecursive: true }))).toBe('0');
  });

  test('--mount: bind-recursive=writable leaves mounts below writable', async () => {
    expect(await c.sh(both, bind({ ReadOnlyNonRecursive: true }, { ReadOnly: true }))).toBe('read-only\nwritable');
  });

  test('--mount: bind-recursive=readonly', async () => {
    const forced = { ReadOnlyForceRecursive: true, Propagation: 'rprivate' };
    expect(await c.sh(both, bind(forced, { ReadOnly: true }))).toBe('read-only\nread-only');
    expect(await createRefusal(bind({ ...forced, Propagation: 'rslave' }, { ReadOnly: true }))).toContain(
      'ReadOnlyForceRecursive',
    );
  });

  test('before API 1.44, read-only is not recursive', async () => {
    const body = { Image: 'busybox:test', Cmd: ['sh', '-c', both], HostConfig: { Binds: [`${shared}:/m:ro`] } };
    const { Id } = (await c.ask('POST', '/v1.43/containers/create', body)).json<{ Id: string }>();
    await c.start(Id);
    await c.wait(Id);
    expect((await c.logs(Id)).stdout).toBe('read-only\nwritable\n');
  });

  test('--mount: bind-propagation=rslave shows mounts of the host that come later, rprivate does not', async () => {
    const slave = await c.begin(['sleep', '600'], bind({ Propagation: 'rslave' }));
    const apart = await c.begin(['sleep', '600'], bind({ Propagation: 'rprivate' }));
    mkdirSync(join(shared, 'later'));
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', join(shared, 'later')]);
    try {
      const seen = async (id: string) => (await c.exec(id, ['grep', '-c', ' /m/later ', '/proc/mounts'])).stdout.trim();
      expect([await seen(slave), await seen(apart)]).toEqual(['1', '0']);
      expect((await c.inspect(slave)).Mounts[0]).toMatchObject({ Propagation: 'rslave' });
    } finally {
      execFileSync('umount', [join(shared, 'later')]);
    }
  });

  test('--mount: bind-propagation=rshared passes mounts on to the host as well', async () => {
    const wish = bind({ Propagation: 'rshared' });
    const id = await c.begin(['sleep', '600'], { ...wish, HostConfig: { ...wish.HostConfig, Privileged: true } });
    await c.exec(id, ['sh', '-c', 'mkdir /m/inner; mount -t tmpfs tmpfs /m/inner; echo in > /m/inner/file']);
    expect(readFileSync(join(shared, 'inner/file'), 'utf8')).toBe('in\n');
    await c.exec(id, ['umount', '/m/inner']);
    expect(mountsBelow(join(shared, 'inner'))).toEqual([]);
  });

  test('--mount: bind-propagation that the host does not have there is refused', async () => {
    const apart = folder();
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', apart]);
    execFileSync('mount', ['--make-private', apart]);
    const start = async (Propagation: string) =>
      c.refusal(
        'POST',
        `/containers/${await c.create(['true'], mount({ Type: 'bind', Source: apart, Target: '/m', BindOptions: { Propagation } }))}/start`,
      );
    expect(await start('shared')).toContain(`path ${apart} is mounted on ${apart} but it is not a shared mount`);
    expect(await start('rslave')).toContain(
      `path ${apart} is mounted on ${apart} but it is not a shared or slave mount`,
    );
    execFileSync('umount', [apart]);
  });

  test("a bind of what the engine's own mounts lie in receives what the host unmounts", async () => {
    const id = await c.create(['true'], host({ Binds: [`${c.engine.dataRoot}:/data`, '/:/host:ro', `${shared}:/m`] }));
    const modes = (await c.inspect(id)).Mounts.map(({ Destination, Propagation }) => [Destination, Propagation]).sort();
    expect(modes).toEqual([
      ['/data', 'rslave'],
      ['/host', 'rslave'],
      ['/m', 'rprivate'],
    ]);
    await c.start(id);
    expect(await c.wait(id)).toBe(0);
    expect(await createRefusal(host({ Binds: [`/:/host:rprivate`] }))).toMatch(
      /^400 invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root/,
    );
  });

  test('--mount: consistency is taken and changes nothing', async () => {
    expect(await c.sh('ls /m', bind({}, { Consistency: 'cached' }))).toContain('sub');
  });

  test('--mount: a link in the source is what it means on the host', async () => {
    const path = folder({ file: 'host\n' });
    symlinkSync(path, `${path}-link`);
    expect(await c.sh('cat /m/file', mount({ Type: 'bind', Source: `${path}-link`, Target: '/m' }))).toBe('host');
  });
});

describe('--tmpfs and --mount type=tmpfs', () => {
  test('--tmpfs: all options of the kernel, and those that take its defaults away', async () => {
    const options = 'rw,exec,suid,dev,size=3m,mode=0711,uid=5,gid=6,nr_inodes=100,noatime';
    const text = await c.sh('grep " /t " /proc/mounts; stat -c "%a %u %g" /t', host({ Tmpfs: { '/t': options } }));
    expect(text).toMatch(/^tmpfs \/t tmpfs rw,noatime,size=3072k,nr_inodes=100,mode=711,uid=5,gid=6.*\n711 5 6$/);
    expect(await c.sh(canWrite('/t'), host({ Tmpfs: { '/t': 'ro' } }))).toBe('read-only');
    expect(await createRefusal(host({ Tmpfs: { '/t': 'size=many' } }))).toBe('400 Invalid tmpfs option ["size=many"]');
  });

  test('--mount: tmpfs-size, tmpfs-mode and options', async () => {
    const TmpfsOptions = { SizeBytes: 1 << 20, Mode: 0o1770, Options: [['exec']] };
    const wish = mount({ Type: 'tmpfs', Target: '/t', TmpfsOptions });
    expect(await c.sh('grep " /t " /proc/mounts; stat -c %a /t', wish)).toMatch(/size=1024k.*\n1770$/);
    const id = await c.create(['true'], wish);
    expect((await c.inspect(id)).Mounts).toEqual([
      { Type: 'tmpfs', Source: '', Destination: '/t', Mode: '', RW: true, Propagation: '' },
    ]);
  });
});
