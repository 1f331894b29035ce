import { createHash, randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { unframe } from '../../support/hijack.ts';

const MIB = 1024 * 1024;
let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const sha256 = (data: Buffer) => createHash('sha256').update(data).digest('hex');
const descriptors = () => readdirSync(`/proc/${c.engine.pid}/fd`).length;
const NONE = { LogConfig: { Type: 'none', Config: {} } };

describe('attach', () => {
  test('before the start misses nothing and ends with the container', async () => {
    const id = await c.create(['sh', '-c', 'echo out; echo err >&2; exit 3']);
    const stream = await c.attach(id);
    expect(stream.status).toBe(101);
    expect(stream.head).toContain('content-type: application/vnd.docker.multiplexed-stream');
    await c.start(id);
    const { stdout, stderr } = unframe(await stream.ended);
    expect([stdout.toString(), stderr.toString()]).toEqual(['out\n', 'err\n']);
    stream.destroy();
  });

  test.each([
    ['with a log', {}],
    ['without a log', NONE],
  ])('passes 64 MiB through cat byte for byte, %s', async (_, HostConfig) => {
    const id = await c.create(['cat'], { OpenStdin: true, StdinOnce: true, HostConfig });
    const stream = await c.attach(id);
    await c.start(id);
    const data = randomBytes(64 * MIB);
    await stream.write(data);
    stream.end();
    const { stdout } = unframe(await stream.ended);
    expect([stdout.length, sha256(stdout)]).toEqual([data.length, sha256(data)]);
    expect(await c.wait(id)).toBe(0);
    stream.destroy();
    await c.remove(id);
  });

  test('half-close ends stdin where it is to end once, and only there', async () => {
    const script = ['sh', '-c', 'wc -c; echo more'];
    const once = await c.create(script, { OpenStdin: true, StdinOnce: true });
    const first = await c.attach(once);
    await c.start(once);
    await first.write('12345');
    first.end();
    expect(unframe(await first.ended).stdout.toString()).toBe('5\nmore\n');

    const open = await c.begin(['sh', '-c', 'while read line; do echo "got $line"; done'], { OpenStdin: true });
    for (const word of ['one', 'two']) {
      const stream = await c.attach(open);
      await stream.write(`${word}\n`);
      stream.end();
      await stream.until(`got ${word}`);
      stream.destroy();
    }
    expect((await c.inspect(open)).State.Running).toBe(true);
  });

  test('a client that breaks off ends stdin where it is to end once', async () => {
    const id = await c.create(['sh', '-c', 'cat; echo over'], { OpenStdin: true, StdinOnce: true });
    const stream = await c.attach(id);
    await c.start(id);
    await stream.write('x\n');
    await stream.until('x\n');
    stream.destroy();
    expect(await c.wait(id)).toBe(0);
    expect((await c.logs(id)).stdout).toBe('x\nover\n');
  });

  test.each([
    ['with a log', {}],
    ['without a log', NONE],
  ])('several clients see the same and all can type, %s', async (_, HostConfig) => {
    const id = await c.begin(['sh', '-c', 'while read line; do echo "got $line"; done'], {
      OpenStdin: true,
      HostConfig,
    });
    const clients = await Promise.all([0, 1, 2].map(() => c.attach(id)));
    for (const [n, client] of clients.entries()) await client.write(`${n}\n`);
    for (const client of clients) for (const n of [0, 1, 2]) await client.until(`got ${n}\n`);
    const texts = clients.map((client) => unframe(client.received()).stdout.toString());
    expect(new Set(texts).size).toBe(1);
    clients[0]!.destroy();
    await clients[1]!.write('after\n');
    await clients[2]!.until('got after\n');
    for (const client of clients) client.destroy();
  });

  test('large packets of several clients at once all arrive', async () => {
    const id = await c.create(['sh', '-c', 'head -c 12582912 | wc -c'], { OpenStdin: true });
    const clients = await Promise.all([0, 1, 2, 3].map(() => c.attach(id, 'stream=1&stdin=1&stdout=1')));
    await c.start(id);
    await Promise.all(clients.map((client) => client.write(randomBytes(3 * MIB))));
    expect(await c.wait(id)).toBe(0);
    expect((await c.logs(id)).stdout).toBe('12582912\n');
    for (const client of clients) client.destroy();
  });

  test('only the streams that were asked for, the past with logs', async () => {
    const id = await c.begin(['sh', '-c', 'echo out; echo err >&2; read line; echo out2; echo err2 >&2'], {
      OpenStdin: true,
    });
    await eventually(async () => expect((await c.logs(id)).stderr).toBe('err\n'));
    const streams = await Promise.all([
      c.attach(id, 'stream=1&stderr=1'),
      c.attach(id, 'stream=1&stdout=1&logs=1'),
      c.attach(id, 'stdout=1&stderr=1&logs=1'),
      c.attach(id, 'stream=1&stdin=1'),
    ]);
    await streams[2]!.ended; // the past is what is there when it is read
    await streams[3]!.write('\n');
    const texts = await Promise.all(streams.map(async (stream) => unframe(await stream.ended)));
    expect(texts.map(({ stdout, stderr }) => [stdout.toString(), stderr.toString()])).toEqual([
      ['', 'err2\n'],
      ['out\nout2\n', ''],
      ['out\n', 'err\n'],
      ['', ''],
    ]);
    for (const stream of streams) stream.destroy();
  });

  test('ends when the start fails', async () => {
    const id = await c.create(['no-such-program'], { OpenStdin: true, StdinOnce: true });
    const [logged, unlogged] = [id, await c.create(['no-such-program'], { OpenStdin: true, HostConfig: NONE })];
    for (const one of [logged, unlogged]) {
      const stream = await c.attach(one);
      await c.refusal('POST', `/containers/${one}/start`);
      expect((await stream.ended).length).toBe(0);
      stream.destroy();
    }
  });

  test('is refused of paused containers', async () => {
    const id = await c.begin(['sleep', '600']);
    await c.ask('POST', `/containers/${id}/pause`);
    expect(await c.refusal('POST', `/containers/${id}/attach?stream=1&stdout=1`)).toBe(
      `409 container ${id} is paused, unpause the container before attach`,
    );
  });

  test('a slow client with a log does not hold the program up; one without does, and gets all of it', async () => {
    const SIZE = 8 * MIB;
    const script = ['sh', '-c', `head -c ${SIZE} /dev/zero; echo done >&2`];
    const logged = await c.create(script);
    const slow = await c.attach(logged);
    slow.pause();
    await c.start(logged);
    expect(await c.wait(logged)).toBe(0);
    slow.resume();
    expect(unframe(await slow.ended).stdout.length).toBe(SIZE);

    const unlogged = await c.create(script, { HostConfig: NONE });
    const held = await c.attach(unlogged);
    held.pause();
    await c.start(unlogged);
    await delay(300); // long enough to write it ten times over
    expect((await c.inspect(unlogged)).State.Running).toBe(true);
    held.resume();
    const { stdout, stderr } = unframe(await held.ended);
    expect([stdout.length, stderr.toString()]).toEqual([SIZE, 'done\n']);
    for (const stream of [slow, held]) stream.destroy();
  });

  test('without a log: clients that come and go leave nothing, and logs are refused', async () => {
    const id = await c.begin(['sleep', '600'], { OpenStdin: true, HostConfig: NONE });
    (await c.attach(id)).destroy();
    await delay(50);
    const before = descriptors();
    for (let round = 0; round < 20; round++) (await c.attach(id)).destroy();
    await eventually(async () => expect(await descriptors()).toBeLessThanOrEqual(before));
    expect(await c.refusal('GET', `/containers/${id}/logs?stdout=1`)).toBe(
      '501 configured logging driver does not support reading',
    );
    expect(c.engine.output()).not.toMatch(/MaxListeners|was not handled/);
  });
});

describe('a terminal', () => {
  const tty = { Tty: true, OpenStdin: true };

  test('is byte exact in raw mode, both ways', async () => {
    const id = await c.create(
      ['sh', '-c', 'stty raw -echo; echo ready; exec dd bs=4096 iflag=fullblock count=256'],
      tty,
    );
    const stream = await c.attach(id);
    expect(stream.head).toContain('content-type: application/vnd.docker.raw-stream');
    await c.start(id);
    await stream.until('ready\n');
    const at = stream.received().length;
    // No byte is special in raw mode; the detach sequence (ctrl-p ctrl-q) must not occur.
    const data = Buffer.from(randomBytes(MIB).map((byte) => (byte === 16 ? 0 : byte)));
    await stream.write(data);
    const output = (await stream.ended).subarray(at, at + data.length);
    expect([output.length, sha256(output)]).toEqual([data.length, sha256(data)]);
    stream.destroy();
  });

  test('has the size that clients give it, at the start and later', async () => {
    const id = await c.create(['sh', '-c', 'stty size; trap "stty size" WINCH; while :; do read line; done'], {
      ...tty,
      HostConfig: { ConsoleSize: [33, 111] },
    });
    const stream = await c.attach(id);
    await c.start(id);
    await stream.until('33 111');
    await c.ask('POST', `/containers/${id}/resize?h=44&w=122`);
    await stream.until('44 122');
    expect(await c.refusal('POST', `/containers/${id}/resize?h=x&w=1`)).toMatch(/^400 /);
    stream.destroy();
    await c.remove(id);
  });

  test('is left by the detach keys and taken up again, the program goes on', async () => {
    const id = await c.begin(['sh', '-c', 'while read line; do echo "got $line"; done'], { ...tty, StdinOnce: true });
    const first = await c.attach(id);
    await first.write('one\n');
    await first.until('got one');
    await first.write(Buffer.from([16]));
    await first.write(Buffer.from([17]));
    await first.ended;
    const second = await c.attach(id, 'stream=1&stdin=1&stdout=1&detachKeys=ctrl-a,x');
    await second.write(Buffer.concat([Buffer.from('two'), Buffer.from([16, 17, 10])]));
    await second.until('got two');
    await second.write(Buffer.from([1, 120]));
    await second.ended;
    expect((await c.inspect(id)).State.Running).toBe(true);
    expect((await c.events(id)).filter((action) => action.includes('tach'))).toEqual([
      'attach',
      'detach',
      'attach',
      'detach',
    ]);
    for (const stream of [first, second]) stream.destroy();
    expect(await c.refusal('POST', `/containers/${id}/attach?stream=1&stdin=1&detachKeys=wrong-key`)).toMatch(/^400 /);
  });

  test('takes ctrl-c as the signal that it is', async () => {
    const id = await c.create(['sleep', '600'], { ...tty, HostConfig: { Init: true } });
    const stream = await c.attach(id);
    await c.start(id);
    await eventually(async () => expect((await c.ask('GET', `/containers/${id}/top`)).text).toContain('sleep 600'));
    await stream.write(Buffer.from([3]));
    expect(await c.wait(id)).toBe(130);
    stream.destroy();
  });

  test('outlives its engine: the next one types on', async () => {
    const id = await c.begin(['sh', '-c', 'while read line; do echo "got $line"; done'], { ...tty, StdinOnce: true });
    const first = await c.attach(id);
    await first.write('one\n');
    await first.until('got one');
    await c.engine.kill();
    await c.engine.start();
    const second = await c.attach(id, 'stream=1&stdin=1&stdout=1&logs=1');
    await second.write('two\n');
    await second.until('got two');
    expect(second.received().toString()).toContain('got one');
    second.destroy();
    await c.ask('POST', `/containers/${id}/resize?h=10&w=20`);
  });
});
