import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { unframe } from '../../support/hijack.ts';
import { open } from '../../support/request.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const lines = (text: string) => text.split('\n').slice(0, -1);

describe.concurrent('logs', () => {
  test('the last lines, of both streams or one', async () => {
    const { id } = await c.run(['sh', '-c', 'for i in 1 2 3 4 5; do echo out$i; echo err$i >&2; sleep 0.01; done']);
    expect(
      lines((await c.logs(id, false, '&tail=1')).stdout + (await c.logs(id, false, '&tail=1')).stderr),
    ).toHaveLength(1);
    const { body } = await c.ask('GET', `/containers/${id}/logs?stdout=1&tail=2`);
    expect(unframe(body).stdout.toString()).toBe('out4\nout5\n');
    expect((await c.logs(id, false, '&tail=0')).stdout).toBe('');
    expect(lines((await c.logs(id, false, '&tail=all')).stdout)).toHaveLength(5);
    expect(await c.refusal('GET', `/containers/${id}/logs`)).toBe(
      '400 Bad parameters: you must choose at least one stream',
    );
  });

  test('since and until a time, with times and details', async () => {
    const { id } = await c.run(['sh', '-c', 'echo one; sleep 0.3; echo two; sleep 0.3; echo three'], {
      Labels: { a: 'b' },
    });
    const { stdout } = await c.logs(id, false, '&timestamps=1');
    const times = lines(stdout).map((line) => line.split(' ')[0]!);
    for (const [n, time] of times.entries())
      expect(time, String(n)).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/);
    const second = (new Date(times[1]!).getTime() - 1) / 1000;
    expect((await c.logs(id, false, `&since=${second}`)).stdout).toBe('two\nthree\n');
    expect((await c.logs(id, false, `&until=${second}`)).stdout).toBe('one\n');
    expect((await c.logs(id, false, `&since=${second}&until=${second + 0.2}`)).stdout).toBe('two\n');
  });

  test('of a program that writes no line end, and of one that writes megabytes in one line', async () => {
    expect((await c.run(['printf', 'no end'])).stdout).toBe('no end');
    const { stdout } = await c.run(['sh', '-c', 'head -c 3000000 /dev/zero | tr "\\0" x; echo']);
    expect(stdout.length).toBe(3_000_001);
  });

  test('followed while it writes, to its end, by several clients at once', async () => {
    const id = await c.create(['sh', '-c', 'i=0; while [ $i -lt 20000 ]; do echo line $i; i=$((i+1)); done']);
    const follow = () => open({ socketPath: c.engine.socket }, 'GET', `/containers/${id}/logs?stdout=1&follow=1`);
    await c.start(id);
    const texts = await Promise.all(
      [follow(), follow(), follow()].map(async (answer) =>
        unframe(Buffer.concat(await (await answer).toArray())).stdout.toString(),
      ),
    );
    const whole = Array.from({ length: 20000 }, (_, n) => `line ${n}\n`).join('');
    expect(texts.map((text) => text === whole)).toEqual([true, true, true]);
  });

  test('followed by clients that go away: nothing stays', async () => {
    const id = await c.begin(['sleep', '600']);
    for (let n = 0; n < 20; n++)
      (await open({ socketPath: c.engine.socket }, 'GET', `/containers/${id}/logs?stdout=1&follow=1`)).destroy();
    const watches = () => readdirSync(`/proc/${c.engine.pid}/fd`).length;
    await eventually(() => expect(watches()).toBeLessThan(120));
  });
});

test('the file of the log is where inspect says, and goes with the container', async () => {
  const { id } = await c.run(['echo', 'x']);
  const { LogPath } = (await c.ask('GET', `/containers/${id}/json`)).json<{ LogPath: string }>();
  expect(existsSync(LogPath)).toBe(true);
  await c.remove(id);
  expect(existsSync(dirname(LogPath))).toBe(false);
});
