// Volumes that the local driver mounts: type, device and o, at the first use and until the last.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers, type Wish } from '../../support/containers.ts';
import { mountsBelow } from '../../support/leaks.ts';

let c: Containers;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'berth-local-driver-'));
  c = await startContainers();
});
afterAll(async () => {
  await c.engine.stop();
  rmSync(dir, { recursive: true, force: true });
});

let serial = 0;
const fresh = () => `volume-${serial++}`;
function folder(files: Record<string, string> = {}): string {
  const path = join(dir, String(serial++));
  mkdirSync(path);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}
const host = (HostConfig: Record<string, unknown>): Wish => ({ HostConfig });
const mountpoint = async (name: string) =>
  (await c.ask('GET', `/volumes/${name}`)).json<{ Mountpoint: string }>().Mountpoint;
const canWrite = (path: string) => `touch ${path}/x 2>/dev/null && echo writable || echo read-only`;

describe('options of the local driver', () => {
  const make = (DriverOpts: Record<string, string>, Name = fresh()) =>
    c.ask('POST', '/volumes/create', { Name, DriverOpts }).then(() => Name);

  test('a file system is mounted for the first container and unmounted after the last', async () => {
    const name = await make({ type: 'tmpfs', device: 'tmpfs', o: 'size=2m,uid=1000,noexec' });
    const path = await mountpoint(name);
    expect(mountsBelow(path)).toEqual([]);
    const wish = host({ Binds: [`${name}:/v`] });
    const first = await c.begin(['sleep', '600'], wish);
    expect(mountsBelow(path)).toEqual([path]);
    const second = await c.begin(['sleep', '600'], wish);
    await c.exec(first, ['sh', '-c', 'echo both > /v/file']);
    expect((await c.exec(second, ['cat', '/v/file'])).stdout).toBe('both\n');
    expect((await c.exec(second, ['sh', '-c', 'stat -c %u /v; grep " /v " /proc/mounts'])).stdout).toMatch(
      /^1000\n.*noexec/,
    );
    await c.remove(first);
    expect(mountsBelow(path)).toEqual([path]);
    await c.engine.kill();
    await c.engine.start();
    expect((await c.exec(second, ['cat', '/v/file'])).stdout).toBe('both\n');
    await c.remove(second);
    await eventually(() => expect(mountsBelow(path)).toEqual([]));
    expect(await c.sh('ls /v', wish)).toBe('');
  });

  test('a killed engine whose container ended meanwhile unmounts the volume at its start', async () => {
    const name = await make({ type: 'tmpfs', device: 'tmpfs' });
    const path = await mountpoint(name);
    const id = await c.begin(['sleep', '600'], host({ Binds: [`${name}:/v`] }));
    const { Pid } = (await c.inspect(id)).State;
    await c.engine.kill();
    process.kill(Pid, 'SIGKILL');
    await c.engine.start();
    await c.wait(id);
    await eventually(() => expect(mountsBelow(path)).toEqual([]));
  });

  test('what somebody mounted in a volume by hand stays over a restart of the engine', async () => {
    const name = fresh();
    await c.ask('POST', '/volumes/create', { Name: name });
    const path = await mountpoint(name);
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', path]);
    writeFileSync(join(path, 'file'), 'by hand');
    await c.engine.kill();
    await c.engine.start();
    expect(await c.sh('cat /v/file', host({ Binds: [`${name}:/v`] }))).toBe('by hand');
    execFileSync('umount', ['-l', path]);
  });

  test('bind: a directory of the host, which stays when the volume goes', async () => {
    const path = folder({ file: 'of the host\n' });
    const name = await make({ type: 'none', device: path, o: 'bind' });
    expect(await c.sh('cat /v/file; echo new > /v/new', host({ Binds: [`${name}:/v`] }))).toBe('of the host');
    const id = await c.create(['true'], host({ Binds: [`${name}:/v`] }));
    await c.remove(id);
    await eventually(async () => expect(mountsBelow(await mountpoint(name))).toEqual([]));
    const { Volumes } = (await c.ask('GET', '/system/df?type=volume')).json<{ Volumes: { Name: string }[] }>();
    expect(Volumes.map(({ Name }) => Name)).not.toContain(name);
    for (const { Id } of (await c.ask('GET', `/containers/json?all=1&filters={"volume":["${name}"]}`)).json<
      { Id: string }[]
    >())
      await c.remove(Id);
    await c.ask('DELETE', `/volumes/${name}`);
    expect(readFileSync(join(path, 'new'), 'utf8')).toBe('new\n');
  });

  test('bind with ro', async () => {
    const name = await make({ type: 'none', device: folder({ file: 'x' }), o: 'bind,ro' });
    expect(await c.sh(canWrite('/v'), host({ Binds: [`${name}:/v`] }))).toBe('read-only');
  });

  const fileSystems = readFileSync('/proc/filesystems', 'utf8');
  describe.each(['ext4', 'btrfs'])('%s', (type) => {
    const can = existsSync('/dev/loop-control') && new RegExp(`\\b${type}\\b`).test(fileSystems);
    test.skipIf(!can)(
      'a disk with a file system (skipped without loop devices or where the kernel has no such one)',
      async () => {
        const image = join(dir, `disk-${type}`);
        execFileSync('truncate', ['-s', '128M', image]);
        execFileSync(`mkfs.${type}`, ['-q', image]);
        const device = execFileSync('losetup', ['--find', '--show', image], { encoding: 'utf8' }).trim();
        try {
          const name = await make({ type, device, o: 'noatime' });
          const script = 'echo kept > /v/file; grep " /v " /proc/mounts';
          expect(await c.sh(script, host({ Binds: [`${name}:/v`] }))).toMatch(new RegExp(` /v ${type} rw,noatime`));
          await eventually(async () => expect(mountsBelow(await mountpoint(name))).toEqual([]));
          expect(await c.sh('cat /v/file', host({ Binds: [`${name}:/v`] }))).toBe('kept');
          await eventually(async () => expect(mountsBelow(await mountpoint(name))).toEqual([]));
        } finally {
          execFileSync('losetup', ['-d', device]);
        }
      },
    );
  });

  test('what cannot be mounted says so at the start, and leaves nothing', async () => {
    const name = await make({ type: 'none', device: '/not/there', o: 'bind' });
    const id = await c.create(['true'], host({ Binds: [`${name}:/v`] }));
    expect(await c.refusal('POST', `/containers/${id}/start`)).toMatch(
      /error while mounting volume '.*_data': failed to mount local volume: mount \/not\/there:.*_data, flags: 0x1000: no such file or directory/,
    );
    expect((await c.inspect(id)).State.Status).toBe('created');
    const nfs = await make({ type: 'nfs', device: ':/export', o: 'addr=no-such-host.invalid,rw' });
    const other = await c.create(['true'], host({ Binds: [`${nfs}:/v`] }));
    expect(await c.refusal('POST', `/containers/${other}/start`)).toContain(
      'error resolving passed in network volume address: lookup no-such-host.invalid: no such host',
    );
  });
});
