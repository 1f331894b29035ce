// Options of POST /build, the build cache and what is kept of it.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build } from '../../support/builds.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { docker } from '../../support/docker.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { tar } from '../../support/tar.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const from = (lines: string) => ({ Dockerfile: `FROM busybox:test\n${lines}\n` });

interface Inspected {
  Id: string;
  Config: {
    Labels: Record<string, string> | null;
    Cmd: string[];
    Entrypoint: string[] | null;
    Healthcheck?: object;
    User: string;
  };
  RootFS: { Layers: string[] };
}
const inspect = async (name: string) => (await c.ask('GET', `/images/${name}/json`)).json<Inspected>();
interface CacheRecord {
  ID: string;
  Type: string;
  Description: string;
  Shared: boolean;
  InUse: boolean;
}
const cached = async () =>
  (await c.ask('GET', '/system/df?type=build-cache')).json<{ BuildCache: CacheRecord[] }>().BuildCache;

test('labels of the request are the last steps, as they are', async () => {
  const labels = { b: "it's $HOME", a: 'x y' };
  const { text } = await build(c, from('LABEL a=first'), { t: 'labels:1', labels: JSON.stringify(labels) });
  expect(text).toContain('Step 4/4 : LABEL b=it');
  expect((await inspect('labels:1')).Config.Labels).toEqual(labels);
});

test('a step on nothing is known for its platform alone', async () => {
  const files = { Dockerfile: 'FROM scratch\nCOPY a /a\nWORKDIR /w\nENV A=1\n', a: 'a' };
  const architectures = [];
  for (const platform of ['linux/amd64', 'linux/arm64', 'linux/amd64', 'linux/arm64']) {
    const { text } = await build(c, files, { t: 'nothing:1', platform });
    const { Architecture } = (await c.ask('GET', '/images/nothing:1/json')).json<{ Architecture: string }>();
    architectures.push([Architecture, text.split('Using cache').length - 1]);
  }
  expect(architectures).toEqual([
    ['amd64', 0],
    ['arm64', 0],
    ['amd64', 3],
    ['arm64', 3],
  ]);
});

test('a target stage, and names that are no stage', async () => {
  const files = { Dockerfile: 'FROM busybox:test AS one\nENV A=1\nFROM busybox:test\nRUN exit 1\n' };
  expect((await build(c, files, { target: 'one' })).text).toMatch(/^Step 1\/2 /);
  expect((await build(c, files, { target: 'two' })).error).toContain('target stage "two" could not be found');
});

test('squashed to one layer: what was removed is gone, what was replaced is as it is', async () => {
  const lines =
    'RUN mkdir /d && echo 1 > /d/a && echo 1 > /d/b && rm /etc/group\nRUN rm /d/a && echo 2 > /d/b\nRUN rm -r /var && mkdir /var && echo new > /var/f';
  await build(c, from(lines), { t: 'squash:0' });
  await build(c, from(lines), { t: 'squash:1', squash: '1' });
  const [plain, squashed] = [await inspect('squash:0'), await inspect('squash:1')];
  expect([plain.RootFS.Layers.length, squashed.RootFS.Layers.length]).toEqual([4, 2]);
  const script = 'ls /d /var; cat /d/b /var/f; ls /etc/group 2>&1 || true';
  expect(await c.sh(script, { Image: 'squash:1' })).toBe(await c.sh(script, { Image: 'squash:0' }));
  const history = (await c.ask('GET', '/images/squash:1/history')).json<{ Comment: string; Size: number }[]>();
  expect(history[0]!.Comment).toBe(`merge ${plain.Id} to ${squashed && (await inspect('busybox:test')).Id}`);
});

test('the configuration: entrypoint, command, health, user, triggers', async () => {
  await build(
    c,
    from('CMD ["a"]\nUSER 7\nHEALTHCHECK --interval=5s CMD true\nONBUILD RUN echo triggered > /t\nENTRYPOINT ["e"]'),
    { t: 'config:1' },
  );
  expect((await inspect('config:1')).Config).toMatchObject({
    User: '7',
    Entrypoint: ['e'],
    Healthcheck: { Test: ['CMD-SHELL', 'true'], Interval: 5_000_000_000 },
  });
  const { text } = await build(
    c,
    { Dockerfile: 'FROM config:1\nUSER root\nENTRYPOINT []\nCMD ["cat", "/t"]\n' },
    { t: 'config:2' },
  );
  // As the user of the base, who may not write there.
  expect(text).toContain('Permission denied');
  await build(c, from('ONBUILD RUN echo triggered > /t'), { t: 'config:3' });
  const triggered = await build(c, { Dockerfile: 'FROM config:3\nCMD ["cat", "/t"]\n' }, { t: 'config:4' });
  expect(triggered.text).toContain('# Executing 1 build trigger\n');
  expect((await c.run(null, { Image: 'config:4' })).stdout).toBe('triggered\n');
});

test('the container of a step that failed stays, unless it is not to', async () => {
  const containers = async () =>
    (await c.ask('GET', '/containers/json?all=1')).json<{ Id: string; Status: string }[]>();
  const before = await containers();
  await build(c, from('RUN echo left > /left; exit 9'));
  const [kept] = (await containers()).filter(({ Id }) => !before.some((one) => one.Id === Id));
  expect(kept!.Status).toContain('Exited (9)');
  expect((await c.ask('GET', `/containers/${kept!.Id}/changes`)).json()).toContainEqual({ Path: '/left', Kind: 1 });
  await c.ask('DELETE', `/containers/${kept!.Id}`);
  await build(c, from('RUN exit 9'), { forcerm: '1' });
  expect((await containers()).map(({ Id }) => Id)).toEqual(before.map(({ Id }) => Id));
});

test('a base for another architecture', async () => {
  const recipe = dockerArchive([busyboxImage(['foreign:1'], { config: { Labels: { f: '1' } } })]);
  const foreign = Buffer.from(
    recipe.toString('latin1').replaceAll('"architecture":"amd64"', '"architecture":"s390x"'),
    'latin1',
  );
  await c.engine.request('POST', '/images/load', { body: foreign });
  const built = await build(c, { Dockerfile: 'FROM foreign:1\nRUN true\n' });
  if (built.error !== undefined)
    expect(built.error).toMatch(/cannot run a program of linux\/s390x|No such image|not-found|cannot|lookup/);
});

test('what cannot be done is said', async () => {
  const refused = async (query: Record<string, string>) => (await build(c, from('RUN true'), query)).error;
  expect(await refused({ isolation: 'hyperv' })).toBe('Unsupported isolation: "hyperv"');
  expect(await refused({ version: '3' })).toBe('invalid version 3');
  expect(await refused({ buildargs: '{' })).toBe('error reading build args: unexpected end of JSON input');
  expect(await refused({ t: 'UPPER' })).toContain('invalid reference format');
  expect(await refused({ outputs: '[{"Type":"local"}]' })).toContain('output type local');
  expect(await refused({ outputs: '[{"Type":"image","Attrs":{"push":"true"}}]' })).toContain('attribute push of an');
  expect(await refused({ outputs: '[{"Type":"image","Attrs":{}}]' })).toBeUndefined();
  expect(await refused({ session: 'none' })).toContain('no such build session');
});

describe('the cache', () => {
  test('an image that is removed leaves its steps in the cache, out of sight; prune takes them', async () => {
    const lines = 'RUN echo kept > /kept';
    const { id } = await build(c, from(lines), { t: 'gone:1' });
    const find = async () => (await cached()).find(({ Description }) => Description.includes('echo kept'));
    expect(await find()).toMatchObject({ Type: 'regular', Shared: true, InUse: false });
    await c.ask('DELETE', '/images/gone:1');
    expect((await c.engine.request('GET', `/images/${id}/json`)).status).toBe(404);
    expect(await find()).toMatchObject({ Shared: false });
    const again = await build(c, from(lines), { t: 'gone:2' });
    expect(again.id).toBe(id);
    expect(again.text).toContain('Using cache');
    expect(await c.sh('cat /kept', { Image: 'gone:2' })).toBe('kept');
    await c.ask('DELETE', '/images/gone:2?force=1');
    const containers = (await c.ask('GET', '/containers/json?all=1')).json<{ Id: string }[]>();
    for (const { Id } of containers) await c.ask('DELETE', `/containers/${Id}?force=1`);
    const pruned = (await c.ask('POST', '/build/prune')).json<{ CachesDeleted: string[]; SpaceReclaimed: number }>();
    expect(pruned.CachesDeleted.length).toBeGreaterThan(0);
    expect(pruned.SpaceReclaimed).toBeGreaterThan(0);
    expect(await find()).toBeUndefined();
    expect((await build(c, from(lines))).text).not.toContain('Using cache');
  });

  test('filters and limits', async () => {
    await build(c, from('RUN --mount=type=cache,target=/c echo 12345 > /c/f\nRUN echo filtered'), { t: 'filter:1' });
    await c.ask('DELETE', '/images/filter:1');
    const prune = async (query: string) =>
      (await c.ask('POST', `/build/prune?${query}`)).json<{ CachesDeleted: string[] }>().CachesDeleted;
    const filters = (value: object) => `filters=${encodeURIComponent(JSON.stringify(value))}`;
    expect(await prune(filters({ until: ['24h'] }))).toEqual([]);
    expect(await prune('keep-storage=1000000000')).toEqual([]);
    // The most of what is said counts, and nothing is pruned by what cannot be done.
    for (const most of ['max-used-space', 'reserved-space'])
      expect(await prune(`${most}=1000000000&keep-storage=1`)).toEqual([]);
    expect(await prune('max-used-space=1&reserved-space=1000000000')).toEqual([]);
    expect(await c.refusal('POST', '/build/prune?min-free-space=1')).toContain('min-free-space is not supported');
    expect(await c.refusal('POST', '/build/prune?max-used-space=-1')).toContain('max-used-space is in bytes');
    expect((await cached()).some(({ Type }) => Type === 'source.local')).toBe(true);
    const [mount] = (await cached()).filter(({ Type }) => Type === 'exec.cachemount');
    expect(mount).toMatchObject({ Size: 6, InUse: false });
    const [step] = (await cached()).filter(({ Description }) => Description.includes('echo filtered'));
    expect(await prune(filters({ id: [step!.ID] }))).toEqual([step!.ID]);
    expect(await prune(filters({ type: ['exec.cachemount'] }))).toEqual([mount!.ID]);
    expect(await c.refusal('POST', `/build/prune?${filters({ x: ['1'] })}`)).toContain("Invalid filter 'x'");
  });

  test('the filter unused-for takes what was not used for so long', async () => {
    await build(c, from('RUN echo unused-for-a-while'), { t: 'unused:1' });
    await c.ask('DELETE', '/images/unused:1');
    const [step] = (await cached()).filter(({ Description }) => Description.includes('unused-for-a-while'));
    const prune = async (time: string) => {
      const filters = encodeURIComponent(JSON.stringify({ 'unused-for': [time] }));
      return (await c.ask('POST', `/build/prune?filters=${filters}`)).json<{ CachesDeleted: string[] }>().CachesDeleted;
    };
    expect(await prune('1h')).toEqual([]);
    expect((await cached()).map(({ ID }) => ID)).toContain(step!.ID);
    expect(await prune('1ms')).toContain(step!.ID);
    expect((await cached()).map(({ ID }) => ID)).not.toContain(step!.ID);
  });

  test('it is still there after a restart of the engine', async () => {
    const first = await build(c, from('RUN echo restarted > /r'), { t: 'restart:1' });
    await c.ask('DELETE', '/images/restart:1');
    await c.engine.terminate();
    await c.engine.start();
    const again = await build(c, from('RUN echo restarted > /r'), { t: 'restart:1' });
    expect([again.id, again.text.includes('Using cache')]).toEqual([first.id, true]);
  });
});

test("Docker's own client builds, with and without the name of the builder", async () => {
  const context = tar([{ path: 'Dockerfile', content: 'FROM busybox:test\nRUN echo by the client\nRUN exit 3\n' }]);
  const failed = await docker(c.engine, ['build', '-t', 'cli:1', '-'], {
    input: context,
    env: { DOCKER_BUILDKIT: '0' },
  });
  expect(failed.code).toBe(3);
  expect(failed.stdout).toContain('by the client');
  const fine = tar([{ path: 'Dockerfile', content: 'FROM busybox:test\nRUN echo by the client\n' }]);
  const quiet = await docker(c.engine, ['build', '-q', '-'], { input: fine, env: { DOCKER_BUILDKIT: '0' } });
  expect(quiet.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
});

test('events of a step are those of a container', async () => {
  const since = Math.floor(Date.now() / 1000);
  await build(c, from(`RUN echo ${since}`), { t: 'events:1' });
  await eventually(async () => {
    const until = Math.floor(Date.now() / 1000) + 1;
    const answer = await c.engine.request('GET', `/events?since=${since}&until=${until}`);
    const actions = answer.text
      .split('\n')
      .filter(Boolean)
      .map((line) => (JSON.parse(line) as { Action: string }).Action);
    for (const action of ['create', 'start', 'die', 'destroy', 'tag']) expect(actions).toContain(action);
  });
});
