import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(async () => {
  await c.engine.stop();
});

interface Event {
  Type: string;
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> };
  scope: string;
  time: number;
  timeNano: number;
}

const past = async (filters: object = {}, query = ''): Promise<Event[]> => {
  const text = encodeURIComponent(JSON.stringify(filters));
  const answer = await c.ask('GET', `/events?since=1&until=${(Date.now() + 1) / 1000}&filters=${text}${query}`);
  return answer.text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Event);
};
/** Actions after the one named, oldest first. */
const after = async (id: string, action: string) => {
  const all = await c.events(id);
  return all.slice(all.lastIndexOf(action) + 1);
};
const post = (id: string, path: string) => c.ask('POST', `/containers/${id}/${path}`);
const ends = (id: string) => eventually(async () => expect((await c.inspect(id)).State.Status).toBe('exited'));

describe.concurrent('names and order are those of Docker', () => {
  test('a run that ends by itself', async () => {
    const { id } = await c.run(['sh', '-c', 'exit 3'], { Labels: { tier: 'x' } });
    expect(await c.events(id)).toEqual(['create', 'start', 'die']);
    const events = await past({ container: [id], type: ['container'] });
    const common = { image: 'busybox:test', name: expect.any(String), tier: 'x' };
    expect(events.map(({ Actor }) => Actor.Attributes)).toEqual([
      ...[common, common, { ...common, exitCode: '3', execDuration: '0' }],
    ]);
    for (const { Type, scope, time, timeNano, Actor } of events) {
      expect([Type, scope, Actor.ID]).toEqual(['container', 'local', id]);
      expect(Math.floor(timeNano / 1e9)).toBe(time);
    }
  });

  test('a program that does not heed its signal', async () => {
    const id = await c.begin(['sleep', '600']);
    await post(id, 'stop?t=0');
    expect(await after(id, 'start')).toEqual(['kill', 'kill', 'die', 'stop']);
    const signals = (await past({ container: [id], event: ['kill'] })).map(({ Actor }) => Actor.Attributes['signal']);
    expect(signals).toEqual(['15', '9']);
    await post(id, 'start');
    await post(id, 'restart?t=0');
    expect(await after(id, 'stop')).toEqual(['start', 'restart']);
    expect((await c.events(id)).slice(-7)).toEqual(['start', 'kill', 'kill', 'die', 'stop', 'start', 'restart']);
    await post(id, 'kill');
    expect(await after(id, 'restart')).toEqual(['kill', 'die']);
  });

  test('pause, unpause, stop of a paused one', async () => {
    const id = await c.begin(['sleep', '600']);
    await post(id, 'pause');
    await post(id, 'unpause');
    await post(id, 'pause');
    await post(id, 'stop?t=0');
    expect(await after(id, 'start')).toEqual(['pause', 'unpause', 'pause', 'kill', 'unpause', 'kill', 'die', 'stop']);
  });

  test('rename, resize, top, attach and detach', async () => {
    const id = await c.begin(['sleep', '600'], { Tty: true, OpenStdin: true }, 'event-before');
    await post(id, 'rename?name=event-after');
    await post(id, 'resize?h=20&w=30');
    await c.ask('GET', `/containers/${id}/top`);
    const stream = await c.attach(id);
    await stream.write(Buffer.from([16, 17]));
    await stream.ended;
    expect(await after(id, 'start')).toEqual(['rename', 'resize', 'top', 'attach', 'detach']);
    const [renamed, resized] = (await past({ container: [id] })).filter(({ Action }) => /^re(name|size)$/.test(Action));
    expect(renamed!.Actor.Attributes).toMatchObject({ name: 'event-after', oldName: '/event-before' });
    expect(resized!.Actor.Attributes).toMatchObject({ height: '20', width: '30' });
  });

  test('exec: of one word, of several, of what does not exist', async () => {
    const id = await c.begin(['sleep', '600']);
    await c.exec(id, ['true']);
    await c.exec(id, ['sh', '-c', 'exit 4']);
    await c.exec(id, ['no-such-program']);
    expect(await after(id, 'start')).toEqual([
      ...['exec_create: true ', 'exec_start: true ', 'exec_die'],
      ...['exec_create: sh -c exit 4', 'exec_start: sh -c exit 4', 'exec_die'],
      ...['exec_create: no-such-program ', 'exec_start: no-such-program '],
    ]);
    const died = await past({ container: [id], event: ['exec_die'] });
    expect(died.map(({ Actor }) => Actor.Attributes['exitCode'])).toEqual(['0', '4']);
    expect(died[0]!.Actor.Attributes['execID']).toMatch(/^[0-9a-f]{64}$/);
  });

  test('out of memory', async () => {
    const limits = { HostConfig: { Memory: 8 << 20, MemorySwap: 8 << 20 } };
    const { id, code } = await c.run(['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=100M', 'count=1'], limits);
    expect(code).toBe(137);
    expect(await after(id, 'start')).toEqual(['oom', 'die']);
    expect((await c.inspect(id)).State.OOMKilled).toBe(true);
  });

  test('removal by force, removal at the end, a start that fails', async () => {
    const forced = await c.begin(['sleep', '600']);
    await c.remove(forced);
    expect(await after(forced, 'start')).toEqual(['kill', 'die', 'destroy']);
    const gone = await c.begin(['true'], { HostConfig: { AutoRemove: true } });
    await eventually(async () => expect(await c.events(gone)).toEqual(['create', 'start', 'die', 'destroy']));
    const bad = await c.create(['no-such-program']);
    await c.refusal('POST', `/containers/${bad}/start`);
    expect(await c.events(bad)).toEqual(['create']);
  });

  test('prune tells what it gave back', async () => {
    const id = await c.create(['true'], { Labels: { prune: 'me' } });
    await c.ask('POST', `/containers/prune?filters=${encodeURIComponent('{"label":["prune=me"]}')}`);
    expect(await c.events(id)).toEqual(['create', 'destroy']);
    expect((await past({ event: ['prune'] })).at(-1)).toMatchObject({
      Type: 'container',
      Actor: { ID: '', Attributes: { reclaimed: '0' } },
    });
  });
});

describe.concurrent('--filter', () => {
  const labelled = { Labels: { filter: 'here' } };
  const kinds = async (filters: object) =>
    new Set((await past(filters)).map(({ Type, Action }) => `${Type} ${Action}`));

  test.each([
    [{ label: ['filter=here'] }, ['container create', 'container start', 'container die']],
    [{ label: ['filter'], event: ['die'] }, ['container die']],
    [{ container: ['filtered'], event: ['start', 'die'] }, ['container start', 'container die']],
    [{ label: ['filter=there'] }, []],
    [{ scope: ['swarm'] }, []],
    [{ type: ['volume'], container: ['filtered'] }, []],
    [{ image: ['busybox'], label: ['filter'], event: ['create'] }, ['container create']],
    [{ image: ['other'] }, []],
    [{ daemon: ['nobody'] }, []],
  ])('%j', async (filters, expected) => {
    if ((await c.engine.request('GET', '/containers/filtered/json')).status === 404) {
      const made = await c.engine.request('POST', '/containers/create?name=filtered', {
        body: { Image: 'busybox:test', Cmd: ['true'], ...labelled },
      });
      if (made.status === 201) await c.start('filtered');
    }
    await eventually(async () =>
      expect(await kinds({ container: ['filtered'], event: ['die'] })).toContain('container die'),
    );
    expect(await kinds(filters)).toEqual(new Set(expected));
  });

  test('network: connections of containers to it', async () => {
    const { id } = await c.run(['true']);
    const events = (await past({ network: ['bridge'] })).filter(({ Actor }) => Actor.Attributes['container'] === id);
    expect(events.map(({ Type, Action }) => `${Type} ${Action}`)).toEqual(['network connect', 'network disconnect']);
  });

  test('one that does not exist is refused, and so are times the wrong way round', async () => {
    const get = (query: string) => c.refusal('GET', `/events?${query}`);
    expect(await get(`filters=${encodeURIComponent('{"colour":["red"]}')}`)).toBe("400 invalid filter 'colour'");
    expect(await get('since=10&until=5')).toBe('400 `since` time (10) cannot be after `until` time (5)');
  });
});

test('--since: what happened before an engine was killed is told by the next, in order and once', async () => {
  const id = await c.begin(['sleep', '600']);
  await post(id, 'stop?t=0');
  await ends(id);
  const before = await past({ container: [id] });
  await new Promise((next) => setTimeout(next, 100)); // events reach the disk a moment later
  await c.engine.kill();
  await c.engine.start();
  expect(await past({ container: [id] })).toEqual(before);
  const third = before[2]!;
  const since = `${Math.floor(third.timeNano / 1e9)}.${String(third.timeNano % 1e9).padStart(9, '0')}`;
  const rest = await c.ask('GET', `/events?since=${since}&until=${(Date.now() + 1) / 1000}`);
  expect(rest.text.split('\n').filter((line) => line.includes(id)).length).toBeGreaterThanOrEqual(before.length - 3);
});
