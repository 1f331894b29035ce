// Volumes as rows and directories: create, list, inspect, remove, prune, who uses them, what an engine's end changes.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { busyboxImage } from '../../support/images.ts';

interface Volume {
  Name: string;
  Driver: string;
  Mountpoint: string;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
  Scope: string;
  CreatedAt: string;
  UsageData?: { Size: number; RefCount: number };
}

let c: Containers;
beforeAll(async () => {
  c = await startContainers({ images: [busyboxImage(['with:volume'], { config: { Volumes: { '/data': {} } } })] });
});
afterAll(() => c.engine.stop());

let serial = 0;
const fresh = (word: string) => `${word}-${serial++}`;
const createVolume = async (body: object) => (await c.ask('POST', '/volumes/create', body)).json<Volume>();
const inspectVolume = async (name: string) => (await c.ask('GET', `/volumes/${name}`)).json<Volume>();
const filter = (filters: object) => `filters=${encodeURIComponent(JSON.stringify(filters))}`;
const listed = async (filters: object = {}) =>
  (await c.ask('GET', `/volumes?${filter(filters)}`)).json<{ Volumes: Volume[]; Warnings: null }>();
const names = async (filters: object) => (await listed(filters)).Volumes.map(({ Name }) => Name);
const prune = async (filters: object) =>
  (await c.ask('POST', `/volumes/prune?${filter(filters)}`)).json<{
    VolumesDeleted: string[];
    SpaceReclaimed: number;
  }>();
const is64 = expect.stringMatching(/^[0-9a-f]{64}$/);

describe('create', () => {
  test('a named one is a directory of the host, and the same again the second time', async () => {
    const name = fresh('named');
    const made = await createVolume({ Name: name, Labels: { a: 'b' } });
    expect(made).toEqual({
      CreatedAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      Driver: 'local',
      Labels: { a: 'b' },
      Mountpoint: expect.stringMatching(/_data$/),
      Name: name,
      Options: null,
      Scope: 'local',
    });
    expect(statSync(made.Mountpoint).mode & 0o7777).toBe(0o755);
    expect(await createVolume({ Name: name, Labels: { other: 'x' } })).toEqual(made);
    expect(await inspectVolume(name)).toEqual(made);
  });

  test('without a name it is anonymous', async () => {
    const made = await createVolume({});
    expect(made).toMatchObject({ Name: is64, Labels: { 'com.docker.volume.anonymous': '' } });
  });

  test.each([
    [{ Name: 'x' }, '400 create x: volume name is too short, names should be at least two alphanumeric characters'],
    [
      { Name: 'a/b' },
      '400 create a/b: "a/b" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path',
    ],
    [{ Name: '../../etc' }, '400 create ../../etc: "../../etc" includes invalid characters'],
    [{ Name: 'plug', Driver: 'nope' }, '404 create plug: error looking up volume plugin nope: plugin "nope" not found'],
    [{ Name: 'opts', DriverOpts: { foo: '1' } }, '400 create opts: invalid option: "foo"'],
    [{ Name: 'opts', DriverOpts: { type: 'tmpfs' } }, '400 create opts: missing required option: "device"'],
    [{ Name: 'opts', DriverOpts: { o: 'ro' } }, '400 create opts: missing required option: "device"'],
    [
      { Name: 'opts', DriverOpts: { type: 'tmpfs', device: 'tmpfs', size: '1g' } },
      '400 create opts: quota size requested but no quota support',
    ],
    [{ Name: 5 }, '400 invalid JSON: json: cannot unmarshal number into Go struct field CreateOptions.Name'],
    [{ Name: 'cluster', ClusterVolumeSpec: {} }, '503 This node is not a swarm manager'],
  ])('%j is refused', async (body, message) => {
    expect(await c.refusal('POST', '/volumes/create', body)).toContain(message);
  });
});

describe('list, inspect, remove', () => {
  test('filters', async () => {
    const [one, two] = [fresh('list'), fresh('list')];
    await createVolume({ Name: one, Labels: { mine: '1', color: 'red' } });
    await createVolume({ Name: two, Labels: { mine: '1' } });
    await c.create(['true'], { HostConfig: { Binds: [`${two}:/x`] } });
    expect(await names({ label: ['mine=1'] })).toEqual([one, two]);
    expect(await names({ label: ['mine=1', 'color=red'] })).toEqual([one]);
    expect(await names({ label: ['mine'], dangling: ['true'] })).toEqual([one]);
    expect(await names({ label: ['mine'], dangling: ['0'] })).toEqual([two]);
    expect(await names({ label: ['mine'], driver: ['local'] })).toEqual([one, two]);
    expect(await names({ label: ['mine'], driver: ['other'] })).toEqual([]);
    expect(await names({ name: [two] })).toEqual([two]);
    expect(await names({ name: ['^list-.*$'] })).toEqual([one, two]);
    expect((await listed()).Warnings).toBeNull();
    expect(await c.refusal('GET', `/volumes?${filter({ x: ['1'] })}`)).toBe("400 invalid filter 'x'");
    expect(await c.refusal('GET', `/volumes?${filter({ dangling: ['maybe'] })}`)).toBe(
      "400 invalid filter 'dangling=[maybe]'",
    );
  });

  test('what is not there', async () => {
    expect(await c.refusal('GET', '/volumes/nothing')).toBe('404 get nothing: no such volume');
    expect(await c.refusal('DELETE', '/volumes/nothing')).toBe('404 get nothing: no such volume');
    expect((await c.ask('DELETE', '/volumes/nothing?force=1')).status).toBe(204);
    expect(await c.refusal('PUT', '/volumes/nothing?version=0', {})).toBe(
      '503 volume update only valid for cluster volumes, but swarm is unavailable',
    );
  });

  test('removed with its data, unless a container has it, in whatever state', async () => {
    const name = fresh('remove');
    const { Mountpoint } = await createVolume({ Name: name });
    writeFileSync(join(Mountpoint, 'file'), 'x');
    const id = await c.create(['true'], { HostConfig: { Binds: [`${name}:/x`] } });
    expect(await c.refusal('DELETE', `/volumes/${name}?force=1`)).toBe(
      `409 remove ${name}: volume is in use - [${id}]`,
    );
    await c.remove(id);
    expect((await c.ask('DELETE', `/volumes/${name}`)).status).toBe(204);
    expect(existsSync(Mountpoint)).toBe(false);
    expect(await c.refusal('GET', `/volumes/${name}`)).toContain('404');
    await eventually(() => expect(readdirSync(join(c.engine.dataRoot, 'trash'))).toEqual([]));
  });
});

describe('in containers', () => {
  test('--volume: a named volume is made by its first container, shared and kept', async () => {
    const name = fresh('data');
    const wish = { HostConfig: { Binds: [`${name}:/data`] } };
    const id = await c.create(['sh', '-c', 'echo one > /data/file'], wish);
    expect((await c.inspect(id)).Mounts).toEqual([
      {
        Type: 'volume',
        Name: name,
        Source: (await inspectVolume(name)).Mountpoint,
        Destination: '/data',
        Driver: 'local',
        Mode: 'z',
        RW: true,
        Propagation: '',
      },
    ]);
    await c.start(id);
    expect(await c.wait(id)).toBe(0);
    await c.ask('DELETE', `/containers/${id}?v=1`);
    expect(await c.sh('cat /elsewhere/file', { HostConfig: { Binds: [`${name}:/elsewhere:ro`] } })).toBe('one');
    expect(
      await c.sh('! touch /data/x 2>/dev/null; cat /data/file', { HostConfig: { Binds: [`${name}:/data:ro`] } }),
    ).toBe('one');
    expect(readFileSync(join((await inspectVolume(name)).Mountpoint, 'file'), 'utf8')).toBe('one\n');
  });

  test('anonymous volumes stay without -v, and go with it and with --rm', async () => {
    const volumeOf = async (id: string) => (await c.inspect(id)).Mounts[0]!;
    const kept = await c.create(['true'], { Image: 'with:volume' });
    const volume = await volumeOf(kept);
    expect(volume).toMatchObject({ Type: 'volume', Name: is64, Destination: '/data', Driver: 'local', Mode: '' });
    expect(volume.Source).toContain(`/volumes/`);
    await c.ask('DELETE', `/containers/${kept}`);
    expect(await inspectVolume(volume.Name!)).toMatchObject({ Labels: { 'com.docker.volume.anonymous': '' } });

    const removed = await c.create(['true'], { Volumes: { '/a': {} }, HostConfig: { Binds: [`${fresh('n')}:/b`] } });
    const [a, b] = (await c.inspect(removed)).Mounts.sort((x, y) => (x.Destination < y.Destination ? -1 : 1));
    await c.ask('DELETE', `/containers/${removed}?v=1`);
    expect(await c.refusal('GET', `/volumes/${a!.Name}`)).toContain('404');
    expect((await inspectVolume(b!.Name!)).Name).toBe(b!.Name);

    const auto = await c.create(['true'], { Volumes: { '/a': {} }, HostConfig: { AutoRemove: true } });
    const own = await volumeOf(auto);
    const gone = c.wait(auto, 'removed');
    await c.start(auto);
    await gone;
    expect(await c.refusal('GET', `/volumes/${own.Name}`)).toContain('404');
    expect(existsSync(own.Source)).toBe(false);
  });

  test('a create that fails leaves no anonymous volume', async () => {
    const before = await names({});
    await c.create(['true'], {}, 'taken');
    const body = { Image: 'with:volume', HostConfig: { Binds: ['/new', 'a/b:/y'] } };
    expect(await c.refusal('POST', '/containers/create', body)).toContain('400 create a/b');
    expect(await c.refusal('POST', '/containers/create?name=taken', { Image: 'with:volume' })).toContain('409');
    expect(await names({})).toEqual(before);
  });

  test('events: create, mount, unmount, destroy, prune', async () => {
    const name = fresh('events');
    const since = Date.now() / 1000;
    const id = await c.begin(['true'], { HostConfig: { Binds: [`${name}:/e:ro`] } });
    await c.wait(id);
    await c.ask('DELETE', `/containers/${id}`);
    await c.ask('DELETE', `/volumes/${name}`);
    await prune({ label: ['nothing-has-this'] });
    const answer = await c.ask(
      'GET',
      `/events?since=${since}&until=${Date.now() / 1000 + 1}&${filter({ type: ['volume'] })}`,
    );
    const events = answer.text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { Action: string; Actor: { ID: string; Attributes: object } })
      .map(({ Action, Actor }) => [Action, Actor.ID, Actor.Attributes]);
    expect(events).toEqual([
      ['create', name, { driver: 'local' }],
      ['mount', name, { container: id, destination: '/e', driver: 'local', propagation: '', 'read/write': 'false' }],
      ['unmount', name, { container: id, driver: 'local' }],
      ['destroy', name, { driver: 'local' }],
      ['prune', '', { reclaimed: '0' }],
    ]);
  });

  test('ps --filter volume= by name and by place', async () => {
    const name = fresh('filter');
    const id = await c.create(['true'], { HostConfig: { Binds: [`${name}:/here`] } });
    const found = async (value: string) =>
      (await c.ask('GET', `/containers/json?all=1&${filter({ volume: [value] })}`)).json<{ Id: string }[]>();
    expect((await found(name)).map(({ Id }) => Id)).toEqual([id]);
    expect((await found('/here')).map(({ Id }) => Id)).toEqual([id]);
    expect(await found('/nowhere')).toEqual([]);
  });
});

describe('prune and usage', () => {
  test('takes anonymous ones that nobody has; with all, named ones too; by labels', async () => {
    const [free, labelled, used] = [fresh('free'), fresh('labelled'), fresh('used')];
    const { Mountpoint } = await createVolume({ Name: free, Labels: { prune: 'me' } });
    writeFileSync(join(Mountpoint, 'file'), 'x'.repeat(1000));
    await createVolume({ Name: labelled, Labels: { prune: 'me', keep: '' } });
    const id = await c.create(['true'], { Image: 'with:volume', HostConfig: { Binds: [`${used}:/x`] } });
    const own = (await c.inspect(id)).Mounts.find(({ Destination }) => Destination === '/data')!.Name!;
    const anonymous = (await createVolume({ Labels: { prune: 'me' } })).Name;
    expect(await prune({ label: ['prune=me'] })).toEqual({ VolumesDeleted: [anonymous], SpaceReclaimed: 0 });
    expect(await prune({ all: ['true'], label: ['prune=me'], 'label!': ['keep'] })).toEqual({
      VolumesDeleted: [free],
      SpaceReclaimed: 1000,
    });
    const { VolumesDeleted } = await prune({ all: ['1'] });
    expect(VolumesDeleted).toContain(labelled);
    expect(VolumesDeleted).not.toContain(used);
    expect(VolumesDeleted).not.toContain(own);
    expect(await c.refusal('POST', `/volumes/prune?${filter({ until: ['1h'] })}`)).toBe("400 invalid filter 'until'");
  });

  test('before API 1.42 it takes named ones as well', async () => {
    const name = fresh('old');
    await createVolume({ Name: name, Labels: { old: '' } });
    const answer = await c.ask('POST', `/v1.41/volumes/prune?${filter({ label: ['old'] })}`);
    expect(answer.json()).toEqual({ VolumesDeleted: [name], SpaceReclaimed: 0 });
  });

  test('system df: sizes and numbers of containers', async () => {
    const name = fresh('df');
    const { Mountpoint } = await createVolume({ Name: name });
    writeFileSync(join(Mountpoint, 'file'), 'x'.repeat(4321));
    await c.create(['true'], { HostConfig: { Binds: [`${name}:/x`] } });
    const { Volumes } = (await c.ask('GET', '/system/df?type=volume')).json<{ Volumes: Volume[] }>();
    expect(Volumes.find(({ Name }) => Name === name)?.UsageData).toEqual({ Size: 4321, RefCount: 1 });
  });

  test('directories so deep that no path leads there stop neither system df nor prune', async () => {
    const [name, other] = [fresh('deep'), fresh('deep')];
    const { Mountpoint } = await createVolume({ Name: name, Labels: { deep: '' } });
    await createVolume({ Name: other, Labels: { deep: '' } });
    writeFileSync(join(Mountpoint, 'file'), 'x'.repeat(10));
    const [inner, outer] = [join(Mountpoint, 'inner'), join(Mountpoint, 'outer')];
    mkdirSync(inner);
    for (let level = 0; level < 20; level++) {
      mkdirSync(outer);
      renameSync(inner, join(outer, 'n'.repeat(255)));
      renameSync(outer, inner);
    }
    const { Volumes } = (await c.ask('GET', '/system/df?type=volume')).json<{ Volumes: Volume[] }>();
    expect(Volumes.find(({ Name }) => Name === name)?.UsageData).toEqual({ Size: 10, RefCount: 0 });
    const { VolumesDeleted, SpaceReclaimed } = await prune({ all: ['true'], label: ['deep'] });
    expect(VolumesDeleted.sort()).toEqual([name, other].sort());
    expect(SpaceReclaimed).toBe(10);
    await eventually(() => expect(readdirSync(join(c.engine.dataRoot, 'trash'))).toEqual([]));
  });
});

test('a killed engine finds its volumes again and prunes none that a container has', async () => {
  const [named, running] = [fresh('killed'), fresh('killed')];
  const stopped = await c.create(['true'], { Image: 'with:volume', HostConfig: { Binds: [`${named}:/x`] } });
  const live = await c.begin(['sleep', '600'], { HostConfig: { Binds: [`${running}:/x`] } });
  const before = await listed({});
  await c.engine.kill();
  await c.engine.start();
  expect(await listed({})).toEqual(before);
  const mine = (await c.inspect(stopped)).Mounts.map(({ Name }) => Name);
  const { VolumesDeleted } = await prune({ all: ['true'] });
  for (const name of [...mine, running]) expect(VolumesDeleted).not.toContain(name);
  expect((await c.exec(live, ['touch', '/x/still'])).code).toBe(0);
  await c.ask('POST', `/containers/${live}/kill`);
  await c.wait(live);
  expect(existsSync(join((await inspectVolume(running)).Mountpoint, 'still'))).toBe(true);
});

test('containers of Berth before it had volumes keep the data of their anonymous ones, running or not', async () => {
  const wish = { Volumes: { '/a': {}, '/b': {} } };
  const stopped = await c.create(['sh', '-c', 'cat /a/file /b/file'], wish);
  const live = await c.begin(['sleep', '600'], wish);
  await c.exec(live, ['sh', '-c', 'echo a > /a/file; echo b > /b/file']);
  const mounts = Object.fromEntries(
    await Promise.all([stopped, live].map(async (id) => [id, (await c.inspect(id)).Mounts] as const)),
  );
  await c.engine.terminate();
  // As it was: no mounts in the row, the directories below the container's own, in the order of mounts.
  const db = new DatabaseSync(join(c.engine.dataRoot, 'berth.db'));
  for (const id of [stopped, live]) {
    const record = JSON.parse(String(db.prepare('SELECT record FROM containers WHERE id = ?').get(id)!['record']));
    delete record.spec.mounts;
    db.prepare('UPDATE containers SET record = ? WHERE id = ?').run(JSON.stringify(record), id);
    const home = join(c.engine.dataRoot, 'containers', id, 'volumes');
    mkdirSync(home);
    for (const [index, { Name, Source }] of mounts[id]!.entries()) {
      if (id === stopped) writeFileSync(join(Source, 'file'), `${index}\n`);
      db.prepare('DELETE FROM volumes WHERE name = ?').run(Name!);
      renameSync(Source, join(home, String(index)));
    }
  }
  db.close();
  await c.engine.start();
  expect((await c.exec(live, ['cat', '/a/file', '/b/file'])).stdout).toBe('a\nb\n');
  await c.exec(live, ['sh', '-c', 'echo more >> /a/file']);
  const [first] = (await c.inspect(live)).Mounts;
  expect(readFileSync(join((await inspectVolume(first!.Name!)).Mountpoint, 'file'), 'utf8')).toBe('a\nmore\n');
  await c.start(stopped);
  await c.wait(stopped);
  expect((await c.logs(stopped)).stdout).toBe('0\n1\n');
});
