import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { unframe } from '../../support/hijack.ts';
import { open } from '../../support/request.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const MB = 1_000_000;
const lines = (text: string) => text.split('\n').slice(0, -1);
const logging = (Config: Record<string, string>, Type = 'json-file') => ({
  HostConfig: { LogConfig: { Type, Config } },
});
const directory = (id: string) => join(c.engine.dataRoot, 'containers', id, 'log');
const files = (id: string) => readdirSync(directory(id)).sort();
const onDisk = (id: string) =>
  files(id).reduce(
    (sum, name) => sum + (statSync(join(directory(id), name), { throwIfNoEntry: false })?.blocks ?? 0) * 512,
    0,
  );
const numbersOf = (text: string) => lines(text).map((line) => Number(line.split(' ')[1]));
const count = (n: number, bytes: number, pause: number) =>
  `i=0; while [ $i -lt ${n} ]; do head -c ${bytes} /dev/zero | tr "\\0" .; echo " $i"; i=$((i+1)); sleep ${pause}; done`;

test('--log-opt: max-size, max-file keep so many files of such a size, the newest lines in order', async () => {
  const id = await c.begin(['sh', '-c', count(5000, 2000, 0.04)], logging({ 'max-size': '20k', 'max-file': '3' }));
  await eventually(() => expect(files(id)).toHaveLength(3));
  await c.engine.request('POST', `/containers/${id}/kill`);
  await c.wait(id);
  expect(files(id)[0]).toBe('container.log');
  const numbers = numbersOf((await c.logs(id)).stdout);
  expect(numbers).toEqual(numbers.map((_, n) => numbers[0]! + n));
  expect(numbers.length).toBeGreaterThan(10);
  expect((await c.inspect(id)).HostConfig['LogConfig']).toEqual({
    Type: 'json-file',
    Config: { 'max-size': '20k', 'max-file': '3' },
  });
});

test('a follower misses no line over many rotations, nor gets one twice', async () => {
  const id = await c.create(['sh', '-c', count(400, 1000, 0.005)], logging({ 'max-size': '50k', 'max-file': '4' }));
  const stream = await c.attach(id, 'stream=1&stdout=1');
  await c.start(id);
  const follower = open({ socketPath: c.engine.socket }, 'GET', `/containers/${id}/logs?stdout=1&follow=1`);
  const all = Array.from({ length: 400 }, (_, n) => n);
  expect(numbersOf(unframe(await stream.ended).stdout.toString())).toEqual(all);
  expect(numbersOf(unframe(Buffer.concat(await (await follower).toArray())).stdout.toString())).toEqual(all);
  stream.destroy();
});

test('with one file: the old one goes when the new one has lines, so the last ones are always there', async () => {
  const script = `${count(90, 2000, 0.05)}; read line; echo last`;
  const id = await c.begin(['sh', '-c', script], { ...logging({ 'max-size': '20k' }), OpenStdin: true });
  await eventually(async () => expect((await c.logs(id)).stdout).toMatch(/ 89\n$/));
  await eventually(() => expect(files(id).length).toBe(2));
  const stream = await c.attach(id, 'stream=1&stdin=1');
  await stream.write('\n');
  await c.wait(id);
  stream.destroy();
  expect(lines((await c.logs(id)).stdout).at(-1)).toBe('last');
  expect(lines((await c.logs(id)).stdout).length).toBeLessThan(90);
});

test('--log-opt: compress packs rotated files, which logs reads on', async () => {
  const script = `${count(40, 5000, 0.06)}; read line; ${count(5, 5000, 0.01)}`;
  const wish = logging({ 'max-size': '60k', 'max-file': '10', compress: 'true' });
  const id = await c.begin(['sh', '-c', script], { ...wish, OpenStdin: true });
  await eventually(() => expect(files(id).filter((name) => name.endsWith('.gz')).length).toBeGreaterThanOrEqual(2));
  await eventually(() => expect(files(id).filter((name) => !name.endsWith('.gz'))).toEqual(['container.log']));
  expect(numbersOf((await c.logs(id)).stdout)).toEqual(Array.from({ length: 40 }, (_, n) => n));
  expect(numbersOf((await c.logs(id, false, '&tail=25')).stdout)).toEqual(Array.from({ length: 25 }, (_, n) => n + 15));
  const follower = await open(
    { socketPath: c.engine.socket },
    'GET',
    `/containers/${id}/logs?stdout=1&follow=1&tail=39`,
  );
  const stream = await c.attach(id, 'stream=1&stdin=1');
  await stream.write('\n');
  await c.wait(id);
  const followed = numbersOf(unframe(Buffer.concat(await follower.toArray())).stdout.toString());
  expect(followed).toEqual([...Array.from({ length: 39 }, (_, n) => n + 1), 0, 1, 2, 3, 4]);
  stream.destroy();
});

test.each(['json-file', 'local'])(
  '--log-driver: a log of %s is bounded when nothing is said, however fast it is written',
  async (Type) => {
    const script = 'head -c 40000000 /dev/zero | tr "\\0" "\\n"; echo the end; sleep 600';
    const id = await c.begin(['sh', '-c', script], logging({}, Type));
    let largest = 0;
    await vi.waitFor(
      async () => {
        largest = Math.max(largest, onDisk(id));
        expect((await c.logs(id, false, '&tail=1')).stdout).toBe('the end\n');
      },
      { timeout: 120_000, interval: 20 },
    );
    // 40 MB of newlines are 1.8 GB of entries. What is written while the engine looks away is soon taken back.
    expect(largest).toBeLessThan(900 * MB);
    await eventually(() => expect(onDisk(id)).toBeLessThan(165 * MB));
    expect(files(id).length).toBeLessThanOrEqual(10);
    await c.remove(id);
  },
);

test('what was written while no engine ran is brought within bounds by the next one', async () => {
  const signals = mkdtempSync(join(tmpdir(), 'berth-signals-'));
  const script =
    'while [ ! -e /signals/go ]; do sleep 0.05; done; head -c 30000000 /dev/zero | tr "\\0" x | fold -w 1000; echo; echo the end; sleep 600';
  const LogConfig = { Type: 'json-file', Config: { 'max-size': '1m', 'max-file': '3' } };
  const id = await c.begin(['sh', '-c', script], { HostConfig: { LogConfig, Binds: [`${signals}:/signals`] } });
  await c.engine.kill();
  writeFileSync(join(signals, 'go'), '');
  const log = join(directory(id), 'container.log');
  await eventually(() => expect(readFileSync(log).subarray(-9).toString()).toContain('the end'));
  rmSync(signals, { recursive: true });
  expect(onDisk(id)).toBeGreaterThan(20 * MB);
  await c.engine.start();
  await eventually(() => expect(onDisk(id)).toBeLessThan(4 * MB));
  const kept = lines((await c.logs(id)).stdout);
  expect(kept.at(-1)).toBe('the end');
  expect(kept.length).toBeGreaterThan(1500);
  expect(new Set(kept.map((line) => line.replaceAll('x', '').length))).toEqual(new Set([0, 7]));
});

test('the rest of a slow attached client stays until it was read, also of a container that is gone', async () => {
  const id = await c.create(['sh', '-c', 'seq 1 400000'], {
    HostConfig: { AutoRemove: true, LogConfig: { Type: 'json-file', Config: { 'max-size': '500k', 'max-file': '2' } } },
  });
  const stream = await c.attach(id, 'stream=1&stdout=1');
  stream.pause();
  await c.start(id);
  await eventually(async () => expect((await c.engine.request('GET', `/containers/${id}/json`)).status).toBe(404));
  stream.resume();
  const { stdout } = unframe(await stream.ended);
  expect(stdout.equals(Buffer.from(Array.from({ length: 400_000 }, (_, n) => `${n + 1}\n`).join('')))).toBe(true);
  stream.destroy();
  await eventually(() => expect(readdirSync(join(c.engine.dataRoot, 'trash'))).toEqual([]));
});

test('a log that somebody empties is read from its new start', async () => {
  const id = await c.begin(['sh', '-c', 'echo one; read line; echo two; sleep 600'], { OpenStdin: true });
  await eventually(async () => expect((await c.logs(id)).stdout).toBe('one\n'));
  truncateSync(join(directory(id), 'container.log'));
  const stream = await c.attach(id, 'stream=1&stdin=1');
  await stream.write('\n');
  await eventually(async () => expect((await c.logs(id)).stdout).toBe('two\n'));
  stream.destroy();
});
