import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { type StreamServer, streamServer, udpServer } from '../../support/log-servers.ts';

const MB = 1_000_000;
let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const syslog = (server: { address: string }, Config: Record<string, string> = {}, more: object = {}) => ({
  HostConfig: {
    LogConfig: { Type: 'syslog', Config: { 'syslog-address': `tcp://${server.address}`, ...Config } },
    ...more,
  },
});
/** What programs wrote, line by line, as the server got it. */
const sent = (server: StreamServer) =>
  server
    .bytes()
    .toString()
    .split('\n')
    .slice(0, -1)
    .map((line) => line.slice(line.indexOf(']: ') + 3));
const directory = (id: string) => join(c.engine.dataRoot, 'containers', id, 'log');
const position = (id: string) => {
  const file = join(directory(id), 'sent.json');
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
};
const onDisk = (id: string) =>
  readdirSync(directory(id)).reduce(
    (sum, name) => sum + (statSync(join(directory(id), name), { throwIfNoEntry: false })?.blocks ?? 0) * 512,
    0,
  );
const residentMegabytes = () =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${c.engine.pid}/status`, 'utf8'))![1]) / 1000;
const COUNT = 'i=0; while :; do i=$((i+1)); echo $i; usleep 2000; done';

test('no line is lost when the engine is killed again and again; only the last moment before comes twice', async () => {
  const server = await streamServer();
  const id = await c.begin(['sh', '-c', COUNT], syslog(server));
  for (let round = 0; round < 5; round++) {
    // Killed while it keeps up: what came together while no engine ran goes out, and is written down, in one piece.
    for (let saved = 0; saved < 4; saved++) {
      const before = position(id);
      await eventually(() => expect(position(id)).not.toBe(before));
    }
    await c.engine.kill();
    await c.engine.start();
  }
  const last = sent(server).length;
  await arrives(() => expect(sent(server).length).toBeGreaterThan(last + 50));
  const numbers = sent(server).map(Number);
  const seen = new Set(numbers);
  const max = Math.max(...numbers);
  expect(Array.from({ length: max }, (_, n) => n + 1).filter((n) => !seen.has(n))).toEqual([]);
  // What is sent within a tenth of a second is some 50 lines of this program.
  expect(numbers.length - seen.size).toBeLessThan(5 * 150);
  await c.remove(id);
  await server.close();
});

test('what is written while no engine runs is sent by the next one, also of a container that has ended', async () => {
  const server = await streamServer();
  const script = 'echo first; sleep 0.4; seq 1 2000; printf "no end"';
  const id = await c.begin(['sh', '-c', script], syslog(server));
  await arrives(() => expect(sent(server)).toEqual(['first']));
  await c.engine.kill();
  await eventually(() => expect(readFileSync(join(directory(id), 'container.log'), 'utf8')).toContain('no end'));
  await c.engine.start();
  await arrives(() => expect(sent(server).at(-1)).toBe('no end'));
  expect(sent(server)).toEqual(['first', ...Array.from({ length: 2000 }, (_, n) => String(n + 1)), 'no end']);
  // A third engine has nothing to send again.
  await c.engine.terminate();
  await c.engine.start();
  await c.start(id);
  await arrives(() => expect(sent(server).at(-1)).toBe('no end'));
  await arrives(() => expect(sent(server)).toHaveLength(2 * 2002));
  await server.close();
});

test('a server that goes away and comes back gets all lines; the program does not notice', async () => {
  const server = await streamServer();
  const id = await c.begin(['sh', '-c', 'seq 1 10; read line; seq 11 5000; echo done >&2; read line'], {
    ...syslog(server),
    OpenStdin: true,
  });
  await arrives(() => expect(sent(server).at(-1)).toBe('10'));
  await server.close();
  const input = await c.attach(id, 'stream=1&stdin=1');
  await input.write('\n');
  await eventually(async () => expect((await c.logs(id)).stderr).toBe('done\n'));
  const again = await streamServer({ port: server.port });
  await eventually(() => expect(sent(again)).toContain('5000'));
  const all = new Set([...sent(server), ...sent(again)]);
  expect(Array.from({ length: 5000 }, (_, n) => String(n + 1)).filter((line) => !all.has(line))).toEqual([]);
  input.destroy();
  await again.close();
});

/** Looks seldom, because reading what has come takes time from who receives it. */
const arrives = (check: () => void) => vi.waitFor(check, { timeout: 60_000, interval: 200 });

test('--log-opt: mode blocking makes the program wait when what was not sent fills the files, and loses nothing', async () => {
  const server = await streamServer();
  server.pause();
  const Config = { mode: 'blocking', 'cache-max-size': '1m', 'cache-max-file': '2', 'cache-compress': 'false' };
  const script =
    'i=0; while [ $i -lt 50 ]; do seq $((i*10000+1)) $((i*10000+10000)); i=$((i+1)); sleep 0.1; done; echo finished; read line';
  const id = await c.begin(['sh', '-c', script], { ...syslog(server, Config), OpenStdin: true });
  // Some 28 MB of entries: it gets nowhere near its end.
  await eventually(() => expect(onDisk(id)).toBeGreaterThan(2 * MB));
  const memory = residentMegabytes();
  let size = 0;
  await vi.waitFor(
    async () => {
      const before = size;
      size = onDisk(id);
      await delay(700);
      expect(onDisk(id)).toBe(size);
      expect(size).toBe(before);
    },
    { timeout: 30_000, interval: 100 },
  );
  expect((await c.logs(id, false, '&tail=1')).stdout).not.toBe('finished\n');
  expect(size).toBeLessThan(20 * MB); // bounds are looked at some times a second
  expect(residentMegabytes() - memory).toBeLessThan(40);
  server.resume();
  await vi.waitFor(() => expect(sent(server).at(-1)).toBe('finished'), { timeout: 60_000, interval: 100 });
  expect(sent(server)).toHaveLength(500_001);
  expect(new Set(sent(server)).size).toBe(500_001);
  await c.remove(id);
  await server.close();
});

test('a program that waits for a log server can be stopped, and killing the engine lets it go on', async () => {
  const server = await streamServer();
  server.pause();
  const Config = { 'cache-max-size': '200k', 'cache-max-file': '2' };
  const ids = [];
  for (let n = 0; n < 2; n++)
    ids.push(
      await c.begin(
        ['sh', '-c', 'trap "exit 7" TERM; seq 1 300000; while :; do sleep 0.1; done'],
        syslog(server, Config),
      ),
    );
  const [stopped, freed] = ids as [string, string];
  await eventually(() => expect(onDisk(stopped)).toBeGreaterThan(400_000));
  await c.ask('POST', `/containers/${stopped}/stop?t=5`);
  expect((await c.inspect(stopped)).State.Running).toBe(false);
  await c.engine.kill();
  await eventually(() => expect(readFileSync(join(directory(freed), 'container.log'), 'utf8')).toContain(' 300000\n'));
  server.resume();
  await c.engine.start();
  for (const id of ids) await c.remove(id);
  await server.close();
});

test('an engine ends at once although a server takes nothing, and the next one goes on', async () => {
  const server = await streamServer();
  server.pause();
  const id = await c.begin(['sh', '-c', 'seq 1 400000; read line'], { ...syslog(server), OpenStdin: true });
  await eventually(async () => expect((await c.logs(id, false, '&tail=1')).stdout).toBe('400000\n'));
  await c.engine.terminate();
  expect(c.engine.output()).not.toMatch(/did not stop cleanly/);
  server.resume();
  await c.engine.start();
  await vi.waitFor(() => expect(sent(server).at(-1)).toBe('400000'), { timeout: 30_000, interval: 50 });
  const seen = new Set(sent(server));
  expect(Array.from({ length: 400_000 }, (_, n) => String(n + 1)).filter((line) => !seen.has(line))).toEqual([]);
  await c.remove(id);
  await server.close();
});

test('--log-opt: mode non-blocking, max-buffer-size: the program never waits, what is too much is dropped', async () => {
  const server = await streamServer();
  server.pause();
  const Config = { mode: 'non-blocking', 'max-buffer-size': '100k' };
  // More than the kernel itself keeps between two sockets: up to 36 MB on Linux 6.17 and later.
  const script = 'seq 1 3000000; echo finished; read line; echo after';
  const id = await c.begin(['sh', '-c', script], { ...syslog(server, Config), OpenStdin: true });
  await vi.waitFor(async () => expect((await c.logs(id, false, '&tail=1')).stdout).toBe('finished\n'), {
    timeout: 30_000,
  });
  await delay(500); // a server that takes less is not slow
  server.resume();
  const last = () => server.bytes().subarray(-200).toString().trimEnd();
  await arrives(() => expect(last()).toMatch(/: finished$/));
  expect(server.bytes().length).toBeLessThan(100_000_000); // of some 140 MB
  expect(c.engine.output()).toMatch(/lines were dropped, as its options ask/);
  const input = await c.attach(id, 'stream=1&stdin=1');
  await input.write('\n');
  await arrives(() => expect(last()).toMatch(/: after$/));
  input.destroy();
  await server.close();
});

test('a container that removes itself has its last lines sent', async () => {
  const server = await streamServer();
  const id = await c.begin(['sh', '-c', 'seq 1 50000'], syslog(server, {}, { AutoRemove: true }));
  await arrives(() => expect(sent(server).at(-1)).toBe('50000'));
  expect(sent(server)).toHaveLength(50_000);
  await eventually(() => expect(readdirSync(join(c.engine.dataRoot, 'trash'))).toEqual([]));
  expect((await c.engine.request('GET', `/containers/${id}/json`)).status).toBe(404);
  await server.close();
});

test('--log-opt: cache-disabled refuses logs, cache-max-size and cache-max-file bound what logs reads', async () => {
  const server = await udpServer();
  const at = { 'syslog-address': `udp://${server.address}` };
  const logging = (Config: Record<string, string>) => ({
    HostConfig: { LogConfig: { Type: 'syslog', Config: { ...at, ...Config } } },
  });
  const id = await c.begin(['echo', 'x'], logging({ 'cache-disabled': 'true' }));
  await c.wait(id);
  expect(await c.refusal('GET', `/containers/${id}/logs?stdout=1`)).toBe(
    '501 configured logging driver does not support reading',
  );
  await eventually(() => expect(server.packets.length).toBe(1));
  const bounded = await c.begin(
    ['sh', '-c', 'seq 1 100000; echo end; sleep 600'],
    logging({ 'cache-max-size': '100k', 'cache-max-file': '2', 'cache-compress': 'false' }),
  );
  await eventually(async () => expect((await c.logs(bounded, false, '&tail=1')).stdout).toBe('end\n'));
  await vi.waitFor(() => expect(onDisk(bounded)).toBeLessThan(500_000), { timeout: 30_000 });
  await eventually(async () => expect((await c.logs(bounded)).stdout.split('\n').length).toBeLessThan(20_000));
  await server.close();
});

test('--log-opt: cache-labels, cache-labels-regex, cache-env, cache-env-regex and cache-tag are what logs --details shows', async () => {
  const server = await streamServer();
  const id = await c.begin(['echo', 'x'], {
    ...syslog(server, {
      ...{ labels: 'sent', tag: 'sent' },
      ...{ 'cache-labels': 'a', 'cache-labels-regex': '^re', 'cache-env': 'ONE', 'cache-env-regex': '^TW' },
      'cache-tag': '{{.ID}}-kept',
    }),
    ...{ Labels: { a: '1', regex: '2', sent: '3' }, Env: ['ONE=1', 'TWO=2', 'THREE=3'] },
  });
  await c.wait(id);
  expect((await c.logs(id, false, '&details=1')).stdout).toBe(
    `ONE=1,TWO=2,a=1,regex=2,tag=${id.slice(0, 12)}-kept x\n`,
  );
  await server.close();
});

test('--log-opt: cache-compress packs what was sent', async () => {
  const server = await streamServer();
  const script = 'for n in 1 2 3 4 5 6; do seq 1 3000; sleep 0.6; done; sleep 600';
  const id = await c.begin(
    ['sh', '-c', script],
    syslog(server, { 'cache-max-size': '100k', 'cache-max-file': '9', 'cache-compress': 'true' }),
  );
  await eventually(() =>
    expect(readdirSync(directory(id)).filter((name) => name.endsWith('.gz')).length).toBeGreaterThan(1),
  );
  await c.remove(id);
  await server.close();
});
