// What Docker does not have for volumes: names as metadata, clones, snapshots, backups, files without a container.
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { type TarEntry, tar } from '../../support/tar.ts';

interface Volume {
  Name: string;
  Mountpoint: string;
  Labels: Record<string, string> | null;
  Copy: { Method: string; Entries: number; BytesCopied: number; Frozen: string[] };
}

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

let serial = 0;
const fresh = () => `extra-${serial++}`;
const createVolume = async (Name: string) => (await c.ask('POST', '/volumes/create', { Name })).json<Volume>();
const inspectVolume = async (name: string) => (await c.ask('GET', `/volumes/${name}`)).json<Volume>();
const extra = (name: string, verb: string) => `/berth/v1/volumes/${name}/${verb}`;
/** A volume with some files. */
async function filled(): Promise<Volume> {
  const volume = await createVolume(fresh());
  mkdirSync(join(volume.Mountpoint, 'sub'));
  writeFileSync(join(volume.Mountpoint, 'file'), 'content\n', { mode: 0o640 });
  writeFileSync(join(volume.Mountpoint, 'sub/deep'), 'deep\n');
  symlinkSync('sub/deep', join(volume.Mountpoint, 'link'));
  return volume;
}
const content = ({ Mountpoint }: { Mountpoint: string }) =>
  Object.fromEntries(readdirSync(Mountpoint).map((name) => [name, statSync(join(Mountpoint, name)).size]));

describe('rename', () => {
  test('works while a container has the volume, everywhere and over restarts', async () => {
    const { Name, Mountpoint } = await filled();
    const next = fresh();
    const id = await c.begin(['sleep', '600'], { HostConfig: { Binds: [`${Name}:/v`] } });
    await c.inspect(id);
    expect((await c.ask('POST', `${extra(Name, 'rename')}?name=${next}`)).status).toBe(204);
    expect((await c.exec(id, ['cat', '/v/file'])).stdout).toBe('content\n');
    expect((await c.inspect(id)).Mounts).toMatchObject([{ Name: next, Source: Mountpoint }]);
    const listed = (await c.ask('GET', `/containers/json?filters={"volume":["${next}"]}`)).json<{ Id: string }[]>();
    expect(listed.map(({ Id }) => Id)).toEqual([id]);
    expect(await c.refusal('GET', `/volumes/${Name}`)).toContain('404');
    expect(await c.refusal('DELETE', `/volumes/${next}`)).toContain(`volume is in use - [${id}]`);
    await c.engine.kill();
    await c.engine.start();
    expect(await inspectVolume(next)).toMatchObject({ Mountpoint });
    await c.ask('POST', `/containers/${id}/restart?t=0`);
    expect((await c.exec(id, ['cat', '/v/file'])).stdout).toBe('content\n');
    await c.remove(id);
    // The name is free again, and means another volume then.
    expect((await createVolume(Name)).Mountpoint).not.toBe(Mountpoint);
  });

  test('keeps an anonymous volume that was given a name', async () => {
    const id = await c.create(['true'], { Volumes: { '/a': {} } });
    const { Name } = (await c.inspect(id)).Mounts[0]!;
    const kept = fresh();
    await c.ask('POST', `${extra(Name!, 'rename')}?name=${kept}`);
    await c.ask('DELETE', `/containers/${id}?v=1`);
    expect(await inspectVolume(kept)).toMatchObject({ Labels: null });
  });

  test('what cannot be is refused', async () => {
    const [one, two] = [(await createVolume(fresh())).Name, (await createVolume(fresh())).Name];
    expect(await c.refusal('POST', `${extra(one, 'rename')}?name=${two}`)).toBe(
      `409 the volume name "${two}" is already in use`,
    );
    expect(await c.refusal('POST', `${extra(one, 'rename')}?name=a%2Fb`)).toContain('400 create a/b');
    expect(await c.refusal('POST', extra(one, 'rename'))).toContain('400');
    expect(await c.refusal('POST', `${extra('nothing', 'rename')}?name=x1`)).toContain('404 get nothing');
  });
});

describe('clone and snapshot', () => {
  test('a clone has the same data and a life of its own, and says how it was made', async () => {
    const from = await filled();
    const clone = (await c.ask('POST', `${extra(from.Name, 'clone')}?name=${fresh()}`)).json<Volume>();
    expect(clone.Copy.Method).toMatch(/^(reflink|copy)$/);
    expect(clone.Copy).toMatchObject({ Entries: 4, Frozen: [] });
    if (clone.Copy.Method === 'copy') expect(clone.Copy.BytesCopied).toBe(13);
    expect(content(clone)).toEqual(content(from));
    expect(statSync(join(clone.Mountpoint, 'file')).mode & 0o777).toBe(0o640);
    writeFileSync(join(clone.Mountpoint, 'file'), 'changed');
    expect(readFileSync(join(from.Mountpoint, 'file'), 'utf8')).toBe('content\n');
    expect(await c.refusal('POST', `${extra(from.Name, 'clone')}?name=${clone.Name}`)).toContain('409');
    expect(await c.refusal('POST', extra(from.Name, 'clone'))).toContain('400');
  });

  test('a snapshot is of one moment: running containers stand still for it, and go on', async () => {
    const { Name } = await createVolume(fresh());
    // Two files that are equal whenever nobody writes; it writes all the time.
    const script = 'i=0; while :; do i=$((i+1)); echo $i > /v/one; echo $i > /v/two; done';
    const id = await c.begin(['sh', '-c', script], { HostConfig: { Binds: [`${Name}:/v`] } });
    const count = () => Number(readFileSync(join(mountpoint, 'one'), 'utf8'));
    const mountpoint = (await inspectVolume(Name)).Mountpoint;
    await eventually(() => expect(count()).toBeGreaterThan(1));
    for (let n = 0; n < 20; n++) {
      const snapshot = (await c.ask('POST', extra(Name, 'snapshot'))).json<Volume>();
      expect(snapshot.Copy.Frozen).toEqual([id]);
      expect(snapshot.Labels).toMatchObject({ 'berth.snapshot.name': Name });
      const [one, two] = ['one', 'two'].map((name) => readFileSync(join(snapshot.Mountpoint, name), 'utf8'));
      // It stood still before, between or after the two writes.
      const [first, second] = [Number(one), Number(two)];
      if (one !== '' && two !== '') expect([0, 1]).toContain(first - second);
      await c.ask('DELETE', `/volumes/${snapshot.Name}`);
    }
    const before = count();
    await eventually(() => expect(count()).toBeGreaterThan(before));
    expect((await c.inspect(id)).State.Status).toBe('running');
    const live = (await c.ask('POST', `${extra(Name, 'snapshot')}?freeze=0&name=${fresh()}`)).json<Volume>();
    expect(live.Copy.Frozen).toEqual([]);
    await c.remove(id);
  });

  test('snapshots of the same second have names of their own, and a paused container stays paused', async () => {
    const { Name } = await filled();
    const id = await c.begin(['sleep', '600'], { HostConfig: { Binds: [`${Name}:/v`] } });
    await c.ask('POST', `/containers/${id}/pause`);
    const made = await Promise.all(
      [1, 2, 3].map(async () => (await c.ask('POST', extra(Name, 'snapshot'))).json<Volume>()),
    );
    expect(new Set(made.map((snapshot) => snapshot.Name)).size).toBe(3);
    expect((await c.inspect(id)).State.Status).toBe('paused');
    const filters = encodeURIComponent(JSON.stringify({ label: [`berth.snapshot.name=${Name}`] }));
    expect((await c.ask('GET', `/volumes?filters=${filters}`)).json<{ Volumes: object[] }>().Volumes).toHaveLength(3);
    await c.remove(id);
  });
});

test('an engine that is killed in the midst of a snapshot leaves nobody standing still, and no half snapshot', async () => {
  const { Name, Mountpoint } = await createVolume(fresh());
  const big = openSync(join(Mountpoint, 'big'), 'w');
  for (let n = 0; n < 64; n++) writeSync(big, Buffer.alloc(4 << 20, 1));
  closeSync(big);
  const script = 'i=0; while :; do i=$((i+1)); echo $i > /v/count; sleep 0.01; done';
  const id = await c.begin(['sh', '-c', script], { HostConfig: { Binds: [`${Name}:/v`] } });
  const half = fresh();
  const asked = c.engine.request('POST', `${extra(Name, 'snapshot')}?name=${half}`).catch(() => undefined);
  const mark = join(c.engine.execRoot, 'frozen', id);
  await eventually(() => expect(existsSync(mark)).toBe(true));
  await c.engine.kill();
  await asked;
  await c.engine.start();
  expect(existsSync(mark)).toBe(false);
  const count = () => Number(readFileSync(join(Mountpoint, 'count'), 'utf8'));
  const before = count();
  await eventually(() => expect(count()).toBeGreaterThan(before));
  expect((await c.inspect(id)).State.Status).toBe('running');
  expect(await c.refusal('GET', `/volumes/${half}`)).toContain('404');
  const drafts = () => readdirSync(join(Mountpoint, '../..')).filter((name) => !/^[0-9a-f]{64}$/.test(name));
  await eventually(() => expect(drafts()).toEqual([]));
  await c.remove(id);
});

describe('backup and restore', () => {
  test('a backup is an archive of all files, and restores owners, modes and the directory itself', async () => {
    const from = await filled();
    await c.sh('chown 12:34 /v/file; chmod 2750 /v; chown 5:6 /v', { HostConfig: { Binds: [`${from.Name}:/v`] } });
    const backup = await c.ask('GET', extra(from.Name, 'backup'));
    expect(backup.headers['content-type']).toBe('application/x-tar');
    const name = fresh();
    const restored = await c.engine.request('PUT', extra(name, 'restore'), { body: backup.body });
    expect(restored.status).toBe(200);
    const look = 'cd /v; stat -c "%n %a %u %g" . *; cat file link';
    const of = (volume: string) => c.sh(look, { HostConfig: { Binds: [`${volume}:/v:nocopy`] } });
    expect(await of(name)).toBe(await of(from.Name));
    expect(await of(name)).toContain('. 2750 5 6');
  });

  test('a restore takes the place of what was there at once, or changes nothing', async () => {
    const volume = await filled();
    const before = content(volume);
    const restore = (entries: TarEntry[] | Buffer) =>
      c.engine.request('PUT', extra(volume.Name, 'restore'), {
        body: Buffer.isBuffer(entries) ? entries : tar(entries),
      });
    for (const bad of [
      Buffer.from('no archive at all'.repeat(100)),
      [
        { path: 'fine', content: 'x' },
        { path: '../../../escaped', content: 'evil' },
      ],
      [
        { path: 'out', link: '/etc' },
        { path: 'out/berth-was-here', content: 'evil' },
      ],
    ]) {
      const { status } = await restore(bad);
      expect([200, 400]).toContain(status);
      expect(existsSync('/etc/berth-was-here')).toBe(false);
      expect(existsSync(join(c.engine.dataRoot, 'escaped'))).toBe(false);
      if (status === 400) expect(content(volume)).toEqual(before);
    }
    expect((await restore([{ path: 'only', content: 'new' }])).status).toBe(200);
    expect(content(volume)).toEqual({ only: 3 });
    await eventually(() => expect(readdirSync(join(volume.Mountpoint, '..'))).toEqual(['_data']));
  });

  test('a broken archive makes no volume', async () => {
    const name = fresh();
    const body = Buffer.from('no archive at all'.repeat(100));
    expect((await c.engine.request('PUT', extra(name, 'restore'), { body })).status).toBe(400);
    expect(await c.refusal('GET', `/volumes/${name}`)).toContain('404');
    expect(readdirSync(join(c.engine.dataRoot, 'volumes')).filter((entry) => entry.startsWith('draft-'))).toEqual([]);
  });

  test('from a snapshot, when no container runs with the volume', async () => {
    const volume = await filled();
    const id = await c.begin(['sleep', '600'], { HostConfig: { Binds: [`${volume.Name}:/v`] } });
    const snapshot = (await c.ask('POST', extra(volume.Name, 'snapshot'))).json<Volume>();
    await c.exec(id, ['sh', '-c', 'rm -r /v/*; echo broken > /v/file']);
    const restore = `${extra(volume.Name, 'restore')}?from=${snapshot.Name}`;
    expect(await c.refusal('PUT', restore)).toContain(
      `409 restore ${volume.Name}: volume is mounted by running containers - [${id}]`,
    );
    await c.ask('POST', `/containers/${id}/stop?t=0`);
    expect((await c.ask('PUT', restore)).json<Volume>().Copy.Entries).toBe(4);
    await c.start(id);
    expect((await c.exec(id, ['cat', '/v/file', '/v/sub/deep'])).stdout).toBe('content\ndeep\n');
    await c.remove(id);
    expect(await c.refusal('PUT', `${extra(volume.Name, 'restore')}?from=${volume.Name}`)).toContain('from itself');
    expect(await c.refusal('PUT', `${extra('nothing', 'restore')}?from=${volume.Name}`)).toContain('404');
  });
});

describe('files', () => {
  test('are listed and read without a container, links inside the volume included', async () => {
    const { Name, Mountpoint } = await filled();
    symlinkSync('/sub', join(Mountpoint, 'absolute'));
    symlinkSync('../../../../../../etc', join(Mountpoint, 'out'));
    const files = async (query = '') =>
      (await c.ask('GET', `${extra(Name, 'files')}${query}`)).json<{ Files: { Path: string }[]; Truncated: boolean }>();
    expect((await files('?recursive=1')).Files.map(({ Path }) => Path)).toEqual([
      'absolute',
      'file',
      'link',
      'out',
      'sub',
      'sub/deep',
    ]);
    expect((await files()).Files).toContainEqual({
      Path: 'file',
      Type: 'file',
      Mode: '0640',
      Uid: 0,
      Gid: 0,
      Size: 8,
      Modified: expect.stringMatching(/^\d{4}-/),
    });
    expect((await files('?path=absolute')).Files.map(({ Path }) => Path)).toEqual(['deep']);
    expect((await files('?path=file')).Files).toMatchObject([{ Path: 'file', Type: 'file' }]);
    expect(await c.refusal('GET', `${extra(Name, 'files')}?path=out`)).toContain('404 no such file in the volume');
    const cat = (path: string) => c.engine.request('GET', `${extra(Name, 'cat')}?path=${encodeURIComponent(path)}`);
    expect((await cat('link')).text).toBe('deep\n');
    expect((await cat('/absolute/deep')).text).toBe('deep\n');
    for (const path of ['out/passwd', '../../../../../../etc/passwd', 'nothing'])
      expect((await cat(path)).status).toBe(404);
    expect((await cat('sub')).status).toBe(400);
    expect((await cat('')).status).toBe(400);
  });
});
