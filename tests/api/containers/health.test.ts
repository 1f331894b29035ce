import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { busyboxImage, type ImageRecipe } from '../../support/images.ts';

const MS = 1e6;
/** An image that brings a check of its own. */
const CHECKED: ImageRecipe = {
  ...busyboxImage(['checked:1']),
  config: {
    ...{ Cmd: ['sleep', '600'], Env: ['PATH=/bin'] },
    Healthcheck: { Test: ['CMD-SHELL', 'echo from the image'], Interval: 50 * MS, Retries: 9 },
  },
};

let c: Containers;
beforeAll(async () => {
  c = await startContainers({ images: [CHECKED] });
});
afterAll(async () => {
  await c.engine.stop();
});

interface Health {
  Status: string;
  FailingStreak: number;
  Log: { Start: string; End: string; ExitCode: number; Output: string }[];
}

const health = async (id: string): Promise<Health | undefined> =>
  (await c.ask('GET', `/containers/${id}/json`)).json<{ State: { Health?: Health } }>().State.Health;
const becomes = (id: string, Status: string) =>
  eventually(async () => expect(await health(id)).toMatchObject({ Status }));
const last = async (id: string) => (await health(id))?.Log.at(-1);
const begin = (script: string, times: object = {}, wish: object = {}) =>
  c.begin(['sleep', '600'], { Healthcheck: { Test: ['CMD-SHELL', script], Interval: 50 * MS, ...times }, ...wish });
const statusOf = async (id: string, filter = '') => {
  const filters = encodeURIComponent(JSON.stringify({ id: [id], ...(filter && { health: [filter] }) }));
  const listed = (await c.ask('GET', `/containers/json?all=1&filters=${filters}`)).json<{ Status: string }[]>();
  return listed.map(({ Status }) => Status).join();
};

describe.concurrent('checks', () => {
  test('--health-cmd: is run in the container and tells its health', async () => {
    const id = await begin('cat /state && test -e /good');
    expect((await health(id))?.Status).toBe('starting');
    expect(await statusOf(id)).toMatch(/^Up .* \(health: starting\)$/);
    await c.exec(id, ['sh', '-c', 'echo well > /state; touch /good']);
    await becomes(id, 'healthy');
    expect(await statusOf(id)).toMatch(/^Up .* \(healthy\)$/);
    expect(await last(id)).toMatchObject({ ExitCode: 0, Output: 'well\n' });
    await c.exec(id, ['sh', '-c', 'rm /good; echo ill > /state']);
    await becomes(id, 'unhealthy');
    expect(await statusOf(id)).toMatch(/^Up .* \(unhealthy\)$/);
    expect(await last(id)).toMatchObject({ ExitCode: 1, Output: 'ill\n' });
    expect((await health(id))!.FailingStreak).toBeGreaterThanOrEqual(3);
  });

  test('--health-cmd: has the environment, user and directory of the container', async () => {
    const id = await begin('id -u; pwd; echo $WHAT', {}, { User: '65534', WorkingDir: '/tmp', Env: ['WHAT=mine'] });
    await becomes(id, 'healthy');
    expect((await last(id))?.Output).toBe('65534\n/tmp\nmine\n');
  });

  test('forms: CMD without a shell, CMD-SHELL with the one of the container', async () => {
    const direct = await begin('', { Test: ['CMD', 'echo', '$HOME'] });
    const shell = await begin('echo $0', {}, { Shell: ['/bin/ash', '-c'] });
    await becomes(direct, 'healthy');
    await becomes(shell, 'healthy');
    expect((await last(direct))?.Output).toBe('$HOME\n');
    expect((await last(shell))?.Output).toBe('/bin/ash\n');
  });

  test('a check that cannot be run fails with the reason', async () => {
    const id = await begin('', { Test: ['CMD', 'no-such-program'], Retries: 1 });
    await becomes(id, 'unhealthy');
    expect(await last(id)).toMatchObject({
      ExitCode: -1,
      Output: expect.stringMatching(/^OCI runtime exec failed: .*"no-such-program": executable file not found/),
    });
  });

  test('--health-interval: is the time from the end of one check to the next', async () => {
    const id = await begin('true', { Interval: 400 * MS });
    await eventually(async () => expect((await health(id))?.Log.length).toBeGreaterThanOrEqual(3));
    const { Log } = (await health(id))!;
    for (const [n, { Start }] of Log.slice(1).entries())
      expect(Date.parse(Start) - Date.parse(Log[n]!.End)).toBeGreaterThanOrEqual(395);
    expect(Date.parse(Log[0]!.Start) - Date.parse((await c.inspect(id)).State.StartedAt)).toBeGreaterThanOrEqual(395);
  });

  test('--health-retries: so many failures in a row', async () => {
    const id = await begin('false', { Retries: 5 });
    await becomes(id, 'unhealthy');
    expect((await health(id))!.FailingStreak).toBeGreaterThanOrEqual(5);
    expect((await health(id))!.Log).toHaveLength(5);
  });

  test('--health-timeout: a check that takes longer is killed with all that it started', async () => {
    const id = await begin('echo begun; sleep 611 & sleep 612', { Timeout: 300 * MS, Retries: 1 });
    await becomes(id, 'unhealthy');
    expect(await last(id)).toMatchObject({ ExitCode: -1, Output: 'Health check exceeded timeout (300ms): begun\n' });
    await eventually(async () => {
      const { Processes } = (await c.ask('GET', `/containers/${id}/top`)).json<{ Processes: string[][] }>();
      const old = Processes.filter((row) => /sleep 61/.test(row.at(-1)!));
      expect(old.length).toBeLessThanOrEqual(2); // those of the check that runs now
    });
  });

  test('--health-start-period, --health-start-interval: failures do not count at first, checks come at their own pace', async () => {
    const id = await begin('test -e /good', {
      ...{ Interval: 3600e9, StartPeriod: 600e9, StartInterval: 50 * MS, Retries: 1 },
    });
    await eventually(async () => expect((await health(id))?.Log.length).toBe(5));
    expect(await health(id)).toMatchObject({ Status: 'starting', FailingStreak: 0 });
    await c.exec(id, ['touch', '/good']);
    await becomes(id, 'healthy');
  });

  test('--health-start-interval: means nothing to clients of versions that did not have it', async () => {
    const body = { Image: 'busybox:test', Cmd: ['true'], Healthcheck: { Test: ['CMD', 'x'], StartInterval: 5e9 } };
    for (const [version, StartInterval] of [
      ['v1.43', undefined],
      ['v1.44', 5e9],
    ] as const) {
      const { Id } = (await c.ask('POST', `/${version}/containers/create`, body)).json<{ Id: string }>();
      const wish = (await c.inspect(Id)).Config['Healthcheck'] as { StartInterval?: number };
      expect(wish.StartInterval || undefined).toBe(StartInterval);
    }
  });

  test('--no-healthcheck: switches off what the image brings', async () => {
    const off = await c.begin(null, { Image: 'checked:1', Healthcheck: { Test: ['NONE'] } });
    const on = await c.begin(null, { Image: 'checked:1', Healthcheck: { Retries: 2 } });
    await becomes(on, 'healthy');
    expect((await last(on))?.Output).toBe('from the image\n');
    expect((await c.inspect(on)).Config['Healthcheck']).toEqual({
      ...{ Test: ['CMD-SHELL', 'echo from the image'], Interval: 50 * MS, Retries: 2 },
    });
    expect(await health(off)).toBeUndefined();
    expect(await statusOf(off)).toMatch(/^Up [^(]*$/);
  });

  test('HEALTHCHECK/rule-2: output is kept up to 4096 bytes, and a check never blocks on it', async () => {
    const id = await begin('yes | head -c 1000000; echo err >&2');
    await becomes(id, 'healthy');
    expect((await last(id))?.Output).toBe(`${'y\n'.repeat(2048)}...`);
  });

  test('HEALTHCHECK/rule-3: events: of the check itself, and of each change', async () => {
    const id = await begin('test ! -e /bad');
    await becomes(id, 'healthy');
    await c.exec(id, ['touch', '/bad']);
    await becomes(id, 'unhealthy');
    const events = await c.events(id);
    expect(events.filter((action) => action.startsWith('health_status'))).toEqual([
      ...['health_status: healthy', 'health_status: unhealthy'],
    ]);
    const first = events.indexOf('start') + 1;
    expect(events.slice(first, first + 4)).toEqual([
      ...['exec_create: /bin/sh -c test ! -e /bad', 'exec_start: /bin/sh -c test ! -e /bad'],
      ...['exec_die', 'health_status: healthy'],
    ]);
  });

  test('are listed by their health', async () => {
    const id = await begin('true');
    await becomes(id, 'healthy');
    expect(await statusOf(id, 'healthy')).toMatch(/healthy/);
    expect(await statusOf(id, 'unhealthy')).toBe('');
    expect(await statusOf(await c.create(['true']), 'none')).toBe('Created');
  });

  test('stop with the container and begin anew with it', async () => {
    const id = await c.create(['sleep', '600'], { Healthcheck: { Test: ['CMD', 'true'], Interval: 50 * MS } });
    expect(await health(id)).toBeUndefined();
    await c.start(id);
    await becomes(id, 'healthy');
    await c.ask('POST', `/containers/${id}/stop?t=0`);
    const stopped = await health(id);
    expect(stopped?.Status).toBe('unhealthy');
    await c.ask('POST', `/containers/${id}/start`);
    expect((await health(id))?.Log[0]).toEqual(stopped?.Log[0]);
    await becomes(id, 'healthy');
  });

  test('rest while the container is paused', async () => {
    const id = await begin('true');
    await becomes(id, 'healthy');
    await c.ask('POST', `/containers/${id}/pause`);
    expect((await health(id))?.Status).toBe('unhealthy');
    expect(await statusOf(id)).toMatch(/\(Paused\)$/);
    const log = (await health(id))?.Log;
    await new Promise((next) => setTimeout(next, 200)); // several checks would come in it
    expect((await health(id))?.Log).toEqual(log);
    await c.ask('POST', `/containers/${id}/unpause`);
    await becomes(id, 'healthy');
  });

  test.each([
    [{ Interval: 5 }, 'Interval in Healthcheck cannot be less than 1ms'],
    [{ Timeout: 5 }, 'Timeout in Healthcheck cannot be less than 1ms'],
    [{ StartPeriod: 5 }, 'StartPeriod in Healthcheck cannot be less than 1ms'],
    [{ StartInterval: -5 }, 'StartInterval in Healthcheck cannot be less than 1ms'],
    [{ Retries: -1 }, 'Retries in Healthcheck cannot be negative'],
  ])('refused: %j', async (Healthcheck, sentence) => {
    expect(await c.refusal('POST', '/containers/create', { Image: 'busybox:test', Healthcheck })).toBe(
      `400 ${sentence}`,
    );
  });
});

describe('when the engine is killed and comes back', () => {
  test('health stays, checks go on, and one that was under way is ended', async () => {
    const good = await begin('echo $((++n)) >> /count; true', { Interval: 100 * MS });
    const rare = await begin('true', { Interval: 3600e9, StartPeriod: 3600e9, StartInterval: 50 * MS });
    const hangs = await begin('echo hang > /hang; sleep 613', { Timeout: 3600e9 });
    await becomes(good, 'healthy');
    await becomes(rare, 'healthy');
    await eventually(async () => expect((await c.exec(hangs, ['cat', '/hang'])).stdout).toBe('hang\n'));
    const doomed = await begin('true');
    await becomes(doomed, 'healthy');
    const { Pid } = (await c.inspect(doomed)).State;
    await c.engine.kill();
    process.kill(Pid, 'SIGKILL');
    await c.engine.start();
    expect((await c.inspect(doomed)).State.Status).toBe('exited');
    expect((await health(doomed))?.Status).toBe('unhealthy');
    expect(await health(rare)).toMatchObject({ Status: 'healthy', Log: [{ ExitCode: 0 }] });
    expect((await health(good))?.Status).toBe('healthy');
    const before = (await last(good))!.End;
    await eventually(async () => expect(Date.parse((await last(good))!.End)).toBeGreaterThan(Date.parse(before)));
    await eventually(async () => {
      const { Processes } = (await c.ask('GET', `/containers/${hangs}/top`)).json<{ Processes: string[][] }>();
      expect(Processes.filter((row) => row.at(-1) === 'sleep 613').length).toBeLessThanOrEqual(1);
    });
  });

  test('and when it stops gracefully no check stays behind', async () => {
    const id = await begin('sleep 614', { Timeout: 3600e9 });
    const hanging = async () => {
      const { Processes } = (await c.ask('GET', `/containers/${id}/top`)).json<{ Processes: string[][] }>();
      return Processes.filter((row) => row.at(-1) === 'sleep 614').map((row) => row[1]);
    };
    await eventually(async () => expect(await hanging()).toHaveLength(1));
    const [first] = await hanging();
    await c.engine.terminate();
    await c.engine.start();
    expect(await hanging()).not.toContain(first);
  });
});
