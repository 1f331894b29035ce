import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(async () => {
  await c.engine.stop();
});

/** Ends with a code of its own for each signal that it is sent; `ready` in its log says that it listens. */
const LISTENER = [
  'sh',
  '-c',
  'for s in HUP INT QUIT USR1 TERM; do trap "echo $s; exit 4$(kill -l $s)" $s; done; echo ready; while :; do sleep 0.05; done',
];
const ready = (id: string) => eventually(async () => expect((await c.logs(id)).stdout).toContain('ready'));
const stop = (id: string, query = '') => c.ask('POST', `/containers/${id}/stop${query}`);
const signals = async (id: string) => {
  const filters = encodeURIComponent(JSON.stringify({ container: [id], event: ['kill'] }));
  const { text } = await c.ask('GET', `/events?since=1&until=${(Date.now() + 1) / 1000}&filters=${filters}`);
  const lines = text.split('\n').filter(Boolean);
  return lines.map(
    (line) => (JSON.parse(line) as { Actor: { Attributes: { signal: string } } }).Actor.Attributes.signal,
  );
};

describe.concurrent('stop', () => {
  test.each([
    ['SIGUSR1', 410],
    ['QUIT', 43],
    ['1', 41],
  ])('--stop-signal: %s is what stop sends', async (StopSignal, code) => {
    const id = await c.begin(LISTENER, { StopSignal });
    await ready(id);
    await stop(id);
    expect((await c.inspect(id)).State).toMatchObject({ Status: 'exited', ExitCode: code % 256 });
  });

  test('--stop-signal: is overruled by the one that stop names, and by kill', async () => {
    const id = await c.begin(LISTENER, { StopSignal: 'SIGUSR1' });
    await ready(id);
    await stop(id, '?signal=INT');
    expect((await c.inspect(id)).State.ExitCode).toBe(42);
    const other = await c.begin(LISTENER, { StopSignal: 'SIGUSR1' });
    await ready(other);
    await c.ask('POST', `/containers/${other}/kill?signal=HUP`);
    expect(await c.wait(other)).toBe(41);
  });

  test('--stop-timeout: how long the program may take, then it is killed', async () => {
    const begun = performance.now();
    const id = await c.begin(['sleep', '600'], { StopTimeout: 1 });
    await stop(id);
    expect((await c.inspect(id)).State.ExitCode).toBe(137);
    expect(await signals(id)).toEqual(['15', '9']);
    expect(performance.now() - begun).toBeGreaterThanOrEqual(1000);
  });

  test('--stop-timeout: is overruled by the one that stop names; 0 kills at once, -1 waits for ever', async () => {
    const patient = await c.begin(['sleep', '600'], { StopTimeout: 600 });
    await stop(patient, '?t=0');
    expect((await c.inspect(patient)).State.ExitCode).toBe(137);
    const slow = ['sh', '-c', 'trap "sleep 1; exit 5" TERM; echo ready; while :; do sleep 0.05; done'];
    const endless = await c.begin(slow, { StopTimeout: 0 });
    await ready(endless);
    await stop(endless, '?t=-1');
    expect((await c.inspect(endless)).State.ExitCode).toBe(5);
    expect(await signals(endless)).toEqual(['15']);
  });

  test('--init: a small program is process 1, passes signals on and collects what others leave', async () => {
    const script = 'trap "echo $$; exit 6" TERM; (sleep 0.1 & ) ; echo ready; while :; do sleep 0.05; done';
    const id = await c.begin(['sh', '-c', script], { HostConfig: { Init: true } });
    await ready(id);
    expect((await c.exec(id, ['cat', '/proc/1/comm'])).stdout).toMatch(/init|catatonit/);
    await eventually(async () =>
      expect((await c.exec(id, ['sh', '-c', 'grep -l "State:.Z" /proc/[0-9]*/status; true'])).stdout).toBe(''),
    );
    await stop(id);
    expect((await c.inspect(id)).State.ExitCode).toBe(6);
    expect(Number((await c.logs(id)).stdout.split('\n')[1])).toBeGreaterThan(1);
  });
});
