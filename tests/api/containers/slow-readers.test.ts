import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';
import { unframe } from '../../support/hijack.ts';
import { open } from '../../support/request.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const residentMegabytes = () =>
  Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${c.engine.pid}/status`, 'utf8'))![1]) / 1000;
/** 150 MB of lines, well above what the log keeps. */
const LINES = 200_000;
const SCRIPT = [
  'sh',
  '-c',
  `i=0; x=$(head -c 750 /dev/zero | tr "\\0" .); yes "$x" | head -n ${LINES} | cat -n; echo end >&2`,
];
const ended = (id: string) => vi.waitFor(() => expectEnded(id), { timeout: 50_000, interval: 50 });
async function expectEnded(id: string) {
  expect((await c.inspect(id)).State.Status).toBe('exited');
}

test('a client of logs that stops reading holds nobody up, takes no memory, and gets all of it later', async () => {
  const id = await c.create(SCRIPT);
  await c.start(id);
  const stopped = await open(
    { socketPath: c.engine.socket },
    'GET',
    `/containers/${id}/logs?stdout=1&stderr=1&follow=1`,
  );
  stopped.pause();
  await delay(100);
  const before = residentMegabytes();
  await ended(id);
  expect(residentMegabytes() - before).toBeLessThan(30);
  const { stdout, stderr } = unframe(Buffer.concat(await stopped.toArray()));
  expect(stderr.toString()).toBe('end\n');
  checkLines(stdout);
  await c.remove(id);
});

test('clients of attach that stop reading hold nobody up, take no memory, and get all of it later', async () => {
  const id = await c.create(SCRIPT);
  const clients = await Promise.all([0, 1, 2, 3].map(() => c.attach(id, 'stream=1&stdout=1&stderr=1')));
  for (const client of clients) client.pause();
  await c.start(id);
  const before = residentMegabytes();
  await ended(id);
  expect(residentMegabytes() - before).toBeLessThan(50);
  for (const client of clients.slice(1)) client.destroy();
  clients[0]!.resume();
  const { stdout, stderr } = unframe(await clients[0]!.ended);
  expect(stderr.toString()).toBe('end\n');
  checkLines(stdout);
  clients[0]!.destroy();
  await c.remove(id);
});

function checkLines(stdout: Buffer): void {
  let lines = 0;
  for (let at = 0; at < stdout.length; at = stdout.indexOf(10, at) + 1) {
    lines++;
    if (Number(stdout.toString('latin1', at, at + 7)) !== lines)
      throw new Error(`line ${lines} is ${stdout.toString('latin1', at, at + 20)}`);
  }
  expect(lines).toBe(LINES);
}
