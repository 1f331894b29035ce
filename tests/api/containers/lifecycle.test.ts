import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { open } from '../../support/request.ts';

const IMAGE = 'busybox:api';
let engine: TestEngine;

beforeAll(async () => {
  engine = await startTestEngine();
  const archive = dockerArchive([busyboxImage([IMAGE])]);
  const loaded = await engine.request('POST', '/images/load', {
    body: archive,
    headers: { 'Content-Type': 'application/x-tar' },
  });
  expect(loaded.text).toContain(IMAGE);
});
afterAll(() => engine.stop());

async function create(cmd: string[], wish: object = {}, name?: string): Promise<string> {
  const query = name === undefined ? '' : `?name=${name}`;
  const answer = await engine.request('POST', `/containers/create${query}`, {
    body: { Image: IMAGE, Cmd: cmd, ...wish },
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.json<{ Id: string }>().Id;
}

const status = async (method: string, path: string, body?: object) =>
  (await engine.request(method, path, body === undefined ? {} : { body })).status;
const message = async (method: string, path: string) =>
  (await engine.request(method, path)).json<{ message: string }>().message;

/** stdout and stderr out of Docker's frames. */
function unframe(bytes: Buffer): { stdout: string; stderr: string } {
  const streams = ['', '', ''];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUInt32BE(at + 4);
    streams[bytes[at]!]! += bytes.subarray(at + 8, at + 8 + length).toString();
    at += 8 + length;
  }
  return { stdout: streams[1]!, stderr: streams[2]! };
}

describe('a container', () => {
  test('lives through all its states with the statuses of Docker', async () => {
    const id = await create(['sleep', '1000'], {}, 'states');
    expect(await status('POST', `/containers/${id}/pause`)).toBe(409);
    expect(await status('POST', '/containers/states/start')).toBe(204);
    expect(await status('POST', '/containers/states/start')).toBe(304);
    expect(await status('DELETE', '/containers/states')).toBe(409);
    expect(await status('POST', '/containers/states/pause')).toBe(204);
    expect((await engine.request('GET', '/containers/states/json')).json()).toMatchObject({
      Id: id,
      State: { Status: 'paused', Paused: true },
    });
    expect(await status('POST', '/containers/states/unpause')).toBe(204);
    expect(await status('POST', '/containers/states/rename?name=renamed')).toBe(204);
    expect(await status('POST', '/containers/renamed/restart?t=0')).toBe(204);
    expect(await status('POST', '/containers/renamed/kill?signal=SIGKILL')).toBe(204);
    await engine.request('POST', '/containers/renamed/wait');
    expect(await status('POST', '/containers/renamed/stop')).toBe(304);
    expect(await status('POST', '/containers/renamed/kill')).toBe(409);
    expect(await status('DELETE', '/containers/renamed')).toBe(204);
    expect(await message('GET', `/containers/${id}/json`)).toMatch(new RegExp(`^No such container: ${id}`));
  });

  test('is named once', async () => {
    const id = await create(['true'], {}, 'once');
    const answer = await engine.request('POST', '/containers/create?name=once', { body: { Image: IMAGE } });
    expect([answer.status, answer.text]).toEqual([
      409,
      expect.stringContaining(`is already in use by container \\"${id}\\"`),
    ]);
  });

  test('needs an image that is here', async () => {
    const answer = await engine.request('POST', '/containers/create', { body: { Image: 'nowhere:none' } });
    expect([answer.status, answer.json()]).toEqual([
      404,
      { message: expect.stringMatching(/^No such image: nowhere:none/) },
    ]);
  });

  test('that cannot start says why and keeps its exit code', async () => {
    const id = await create(['no-such-program']);
    expect(await message('POST', `/containers/${id}/start`)).toMatch(/no-such-program.*not found/);
    expect((await engine.request('GET', `/containers/${id}/json`)).json()).toMatchObject({
      State: { Status: 'created', ExitCode: 127 },
    });
  });
});

describe('wait', () => {
  test('that begins before the start does not miss the exit', async () => {
    const id = await create(['sh', '-c', 'exit 42']);
    const waiting = await open({ socketPath: engine.socket }, 'POST', `/containers/${id}/wait?condition=next-exit`);
    await engine.request('POST', `/containers/${id}/start`);
    expect(JSON.parse((await waiting.toArray()).join(''))).toEqual({ StatusCode: 42 });
    expect((await engine.request('POST', `/containers/${id}/wait`)).json()).toEqual({ StatusCode: 42 });
  });

  test('for the removal of a container that removes itself', async () => {
    const id = await create(['true'], { HostConfig: { AutoRemove: true } });
    const waiting = await open({ socketPath: engine.socket }, 'POST', `/containers/${id}/wait?condition=removed`);
    await engine.request('POST', `/containers/${id}/start`);
    expect(JSON.parse((await waiting.toArray()).join(''))).toEqual({ StatusCode: 0 });
    expect(await status('GET', `/containers/${id}/json`)).toBe(404);
  });
});

describe('logs', () => {
  test('are framed without a terminal and raw with one', async () => {
    const id = await create(['sh', '-c', 'echo out; echo err >&2']);
    const raw = await create(['echo', 'out'], { Tty: true });
    for (const container of [id, raw]) {
      await engine.request('POST', `/containers/${container}/start`);
      await engine.request('POST', `/containers/${container}/wait`);
    }
    const framed = await engine.request('GET', `/containers/${id}/logs?stdout=1&stderr=1`);
    expect(framed.headers['content-type']).toBe('application/vnd.docker.multiplexed-stream');
    expect(unframe(framed.body)).toEqual({ stdout: 'out\n', stderr: 'err\n' });
    expect(unframe((await engine.request('GET', `/containers/${id}/logs?stderr=1`)).body)).toEqual({
      stdout: '',
      stderr: 'err\n',
    });
    const older = await engine.request('GET', `/v1.41/containers/${id}/logs?stdout=1`);
    expect(older.headers['content-type']).toBe('application/vnd.docker.raw-stream');
    const terminal = await engine.request('GET', `/containers/${raw}/logs?stdout=1`);
    expect([terminal.headers['content-type'], terminal.text]).toEqual(['application/vnd.docker.raw-stream', 'out\r\n']);
  });

  test('that are followed come as they are written and end with the container', async () => {
    const id = await create(['sh', '-c', 'echo first; read line; echo "second $line"'], {
      OpenStdin: true,
      StdinOnce: true,
    });
    await engine.request('POST', `/containers/${id}/start`);
    const following = await open({ socketPath: engine.socket }, 'GET', `/containers/${id}/logs?stdout=1&follow=1`);
    const [first] = (await once(following, 'data')) as [Buffer];
    expect(unframe(first).stdout).toBe('first\n');
    const rest = following.toArray();
    const attached = await open({ socketPath: engine.socket }, 'POST', `/containers/${id}/attach?stream=1&stdin=1`);
    attached.socket.write('typed\n');
    expect(unframe(Buffer.concat(await rest)).stdout).toBe('second typed\n');
    attached.destroy();
  });
});

test('exec passes input and output and keeps the exit code', async () => {
  const id = await create(['sleep', '1000']);
  await engine.request('POST', `/containers/${id}/start`);
  const made = await engine.request('POST', `/containers/${id}/exec`, {
    body: { Cmd: ['sh', '-c', 'echo out; echo err >&2; exit 9'], AttachStdout: true, AttachStderr: true },
  });
  expect(made.status).toBe(201);
  const exec = made.json<{ Id: string }>().Id;
  const started = await engine.request('POST', `/exec/${exec}/start`, { body: { Detach: false, Tty: false } });
  expect([started.status, unframe(started.body)]).toEqual([200, { stdout: 'out\n', stderr: 'err\n' }]);
  expect((await engine.request('GET', `/exec/${exec}/json`)).json()).toMatchObject({
    ExitCode: 9,
    Running: false,
    ContainerID: id,
  });
  expect(await status('POST', `/exec/${exec}/start`, { Detach: true })).toBe(409);
});

describe('events', () => {
  const eventsOf = async (id: string): Promise<string[]> => {
    const filters = encodeURIComponent(JSON.stringify({ container: [id] }));
    const until = (Date.now() + 1) / 1000;
    const { text } = await engine.request('GET', `/events?since=1&until=${until}&filters=${filters}`);
    return text
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { Action: string }).Action);
  };

  test('tell the life of a container, also to the next engine', async () => {
    const id = await create(['true'], { HostConfig: { AutoRemove: true } });
    const gone = open({ socketPath: engine.socket }, 'POST', `/containers/${id}/wait?condition=removed`);
    await engine.request('POST', `/containers/${id}/start`);
    await (await gone).toArray();
    await expect.poll(() => eventsOf(id)).toEqual(['create', 'start', 'die', 'destroy']);
    await engine.terminate();
    await engine.start();
    expect(await eventsOf(id)).toEqual(['create', 'start', 'die', 'destroy']);
  });
});

test('a container goes on while its engine is killed, and the next one knows how it ended', async () => {
  const id = await create(['sh', '-c', 'read line; exit 7'], { OpenStdin: true });
  const running = await create(['sleep', '1000']);
  for (const container of [id, running]) await engine.request('POST', `/containers/${container}/start`);
  const { State } = (await engine.request('GET', `/containers/${id}/json`)).json<{ State: { Pid: number } }>();
  await engine.kill();
  process.kill(State.Pid, 'SIGKILL');
  await engine.start();
  await expect
    .poll(async () => (await engine.request('GET', `/containers/${id}/json`)).json())
    .toMatchObject({ State: { Status: 'exited', ExitCode: 137 } });
  expect((await engine.request('GET', `/containers/${running}/json`)).json()).toMatchObject({
    State: { Status: 'running' },
  });
});

test('a platform is known by each of its names', async () => {
  const arm = process.arch === 'arm64';
  const create = (platform: string) =>
    status('POST', `/containers/create?platform=${encodeURIComponent(platform)}`, {
      Image: IMAGE,
      Cmd: ['true'],
    });
  for (const name of arm ? ['linux/aarch64', 'arm64', 'linux/arm64/v8'] : ['linux/x86_64', 'amd64', 'linux'])
    expect(await create(name), name).toBe(201);
  expect(await create('linux/s390x')).toBe(404);
  expect(await create('no platform')).toBe(400);
});
