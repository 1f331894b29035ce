import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';

let containers: Containers;
beforeAll(async () => {
  containers = await startContainers();
});
afterAll(() => containers?.engine.stop());

/** An image of a container: what the engine answers. */
const commit = (query: Record<string, string>, body?: object) =>
  containers.engine.request('POST', `/commit?${new URLSearchParams(query)}`, body === undefined ? {} : { body });

async function configOf(id: string): Promise<Record<string, unknown>> {
  return (await containers.ask('GET', `/images/${id}/json`)).json<{ Config: Record<string, unknown> }>().Config;
}

test('a configuration in the body takes the place of the container’s own, which fills what is missing', async () => {
  const container = await containers.create(['own'], { Env: ['A=1', 'B=2'], Labels: { x: '1' }, User: '7' });
  const body = { Cmd: ['given'], Env: ['A=9'], Labels: { y: '2' }, ExposedPorts: { '80/tcp': {} } };
  const answer = await commit({ container, repo: 'body', changes: 'ENV C=$A' }, body);
  expect(answer.status).toBe(201);
  const { Id } = answer.json<{ Id: string }>();
  expect(Id).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(await configOf('body:latest')).toMatchObject({
    Cmd: ['given'],
    Env: expect.arrayContaining(['A=9', 'B=2', 'C=9']),
    Labels: { x: '1', y: '2' },
    User: '7',
    ExposedPorts: { '80/tcp': {} },
  });
  for (const nothing of [{}, undefined]) {
    const { status, text } = await commit({ container }, nothing);
    expect(status, text).toBe(201);
  }
});

test('refusals', async () => {
  const container = await containers.create(['true']);
  const refused = async (query: Record<string, string>, body?: object) => {
    const answer = await commit(query, body);
    return `${answer.status} ${answer.json<{ message: string }>().message}`;
  };
  expect(await refused({ container: 'nobody' })).toBe('404 No such container: nobody');
  expect(await refused({ container, repo: 'UPPER' })).toMatch(/^400 invalid reference format/);
  expect(await refused({ container, repo: 'x', tag: '!' })).toMatch(/^400 /);
  expect(await refused({ container, changes: 'COPY a b' })).toMatch(/^400 COPY is not a valid change command/);
  expect(await refused({ container }, { Cmd: 5 })).toMatch(/^400 json: cannot unmarshal number/);
  expect(await refused({ container }, { StopSignal: 'SIGNOPE' })).toMatch(/^400 invalid signal: SIGNOPE/i);
});

test('pause=0 and pause=false leave the container running; all else pauses it', async () => {
  const container = await containers.begin(['sleep', '1000']);
  for (const pause of ['0', 'false']) expect((await commit({ container, pause })).status).toBe(201);
  expect(await containers.events(container)).not.toContain('pause');
  const pausing: Record<string, string>[] = [{}, { pause: '' }, { pause: '1' }];
  for (const query of pausing) {
    expect((await commit({ container, ...query })).status).toBe(201);
  }
  const events = await containers.events(container);
  expect(events.filter((action) => action === 'pause' || action === 'unpause')).toHaveLength(6);
  expect((await containers.inspect(container)).State.Status).toBe('running');
  // One that its user paused stays paused.
  await containers.ask('POST', `/containers/${container}/pause`);
  expect((await commit({ container })).status).toBe(201);
  expect((await containers.inspect(container)).State.Status).toBe('paused');
});

test('changes of a container, running and not, and of none', async () => {
  const changes = async (id: string) => (await containers.ask('GET', `/containers/${id}/changes`)).json();
  const id = await containers.create(['sh', '-c', 'touch /a; chmod 700 /tmp; exec sleep 1000']);
  expect(await changes(id)).toEqual([]);
  await containers.start(id);
  await containers.exec(id, ['sh', '-c', 'until [ "$(stat -c %a /tmp)" = 700 ]; do :; done; rm /bin/vi']);
  const expected = [
    { Path: '/a', Kind: 1 },
    { Path: '/bin', Kind: 0 },
    { Path: '/bin/vi', Kind: 2 },
    { Path: '/tmp', Kind: 0 },
  ];
  expect(await changes(id)).toEqual(expected);
  await containers.ask('POST', `/containers/${id}/kill`);
  await containers.wait(id);
  expect(await changes(id)).toEqual(expected);
  expect(await containers.refusal('GET', '/containers/nobody/changes')).toBe('404 No such container: nobody');
});
