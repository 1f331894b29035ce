import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';

let c: Containers;
let dir: string;
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'berth-restart-'));
  c = await startContainers();
});
afterAll(async () => {
  await c.engine.stop();
  rmSync(dir, { recursive: true, force: true });
});

const policy = (Name: string, MaximumRetryCount = 0, more: object = {}) => ({
  HostConfig: { RestartPolicy: { Name, MaximumRetryCount }, ...more },
});
const state = async (id: string) => (await c.inspect(id)).State;

describe.concurrent('restart', () => {
  test('on-failure: so many times, then not any more', async () => {
    const id = await c.begin(['sh', '-c', 'echo run; exit 9'], policy('on-failure', 2));
    await eventually(async () =>
      expect(await state(id)).toMatchObject({ Status: 'exited', ExitCode: 9, Restarting: false }),
    );
    expect((await c.inspect(id)).RestartCount).toBe(2);
    expect((await c.logs(id)).stdout).toBe('run\nrun\nrun\n');
    const events = await c.events(id);
    expect(events.filter((action) => action === 'start')).toHaveLength(3);
    expect(events.filter((action) => action === 'die')).toHaveLength(3);
  });

  test('is counted anew after a start by a user', async () => {
    const id = await c.begin(['sh', '-c', 'echo run; exit 9'], policy('on-failure', 1));
    const ended = async (runs: number) =>
      eventually(async () => {
        expect((await c.logs(id)).stdout).toBe('run\n'.repeat(runs));
        expect(await state(id)).toMatchObject({ Status: 'exited' });
      });
    await ended(2);
    await c.start(id);
    await ended(4);
    expect((await c.inspect(id)).RestartCount).toBe(1);
  });

  test('on-failure: not after success', async () => {
    const { id } = await c.run(['true'], policy('on-failure'));
    await eventually(async () => expect(await state(id)).toMatchObject({ Status: 'exited', ExitCode: 0 }));
    expect((await c.inspect(id)).RestartCount).toBe(0);
  });

  test.each(['always', 'unless-stopped'])('%s: whatever the exit code, until it is stopped', async (name) => {
    const id = await c.begin(['sh', '-c', 'echo run; sleep 0.05; exit 0'], policy(name));
    await eventually(async () => expect((await c.inspect(id)).RestartCount).toBeGreaterThanOrEqual(2));
    await c.ask('POST', `/containers/${id}/stop?t=1`);
    expect(await state(id)).toMatchObject({ Status: 'exited', Running: false, Restarting: false });
    const runs = (await c.logs(id)).stdout;
    await new Promise((next) => setTimeout(next, 500)); // longer than it would wait
    expect((await c.logs(id)).stdout).toBe(runs);
    expect(await state(id)).toMatchObject({ Status: 'exited' });
  });

  test('is not what follows a kill by a user, but what follows any other', async () => {
    const id = await c.begin(['sleep', '600'], policy('always'));
    const { Pid } = await state(id);
    process.kill(Pid, 'SIGKILL');
    await eventually(async () => {
      const now = await state(id);
      expect(now.Running && now.Pid > 0 && now.Pid !== Pid).toBe(true);
    });
    await c.ask('POST', `/containers/${id}/kill`);
    await new Promise((next) => setTimeout(next, 300));
    expect(await state(id)).toMatchObject({ Status: 'exited', ExitCode: 137 });
  });

  test('can be stopped, killed and removed while it waits for its next run', async () => {
    for (const [method, path] of [
      ['POST', '/stop'],
      ['POST', '/kill'],
      ['DELETE', '?force=1'],
    ] as const) {
      const id = await c.begin(['false'], policy('always'));
      await eventually(async () => expect(await state(id)).toMatchObject({ Status: 'restarting', Restarting: true }));
      expect(await c.refusal('DELETE', `/containers/${id}`)).toMatch(
        /container is restarting: stop the container before removing|container is running/,
      );
      await c.ask(method, `/containers/${id}${path}`);
      if (method === 'POST') expect(await state(id)).toMatchObject({ Status: 'exited', Restarting: false });
      else expect((await c.engine.request('GET', `/containers/${id}/json`)).status).toBe(404);
    }
  });

  test('waits longer each time', async () => {
    const id = await c.begin(['sh', '-c', 'cut -d" " -f1 /proc/uptime; exit 1'], policy('on-failure', 4));
    await eventually(async () => expect((await c.inspect(id)).RestartCount).toBe(4));
    await eventually(async () => expect(await state(id)).toMatchObject({ Status: 'exited' }));
    const times = (await c.logs(id)).stdout.trim().split('\n').map(Number);
    const gaps = times.slice(1).map((time, n) => time - times[n]!);
    for (const [n, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual((100 * 2 ** n) / 1000 - 0.02);
  });

  test('--restart: a start in between changes nothing, other commands say that they have to wait', async () => {
    const id = await c.begin(['false'], policy('always'));
    await eventually(async () => expect((await c.inspect(id)).RestartCount).toBeGreaterThanOrEqual(4));
    await eventually(async () => expect(await state(id)).toMatchObject({ Status: 'restarting' }));
    expect((await c.engine.request('POST', `/containers/${id}/start`)).status).toBe(304);
    const wait = /^409 Container [0-9a-f]{64} is restarting, wait until the container is running/;
    expect(await c.refusal('POST', `/containers/${id}/pause`)).toMatch(wait);
    expect(await c.refusal('POST', `/containers/${id}/exec`, { Cmd: ['true'] })).toMatch(wait);
    expect(await c.refusal('GET', `/containers/${id}/top`)).toMatch(wait);
    await c.ask('POST', `/containers/${id}/stop`);
    expect((await c.events(id)).at(-1)).toBe('stop');
  });

  test('--restart: one that cannot be started any more stays exited with the reason', async () => {
    const file = join(dir, 'mounted');
    writeFileSync(file, 'x');
    const mount = { Type: 'bind', Source: file, Target: '/m' };
    const id = await c.begin(['sleep', '600'], policy('always', 0, { Mounts: [mount] }));
    rmSync(file);
    process.kill((await state(id)).Pid, 'SIGKILL');
    await eventually(async () => expect(await state(id)).toMatchObject({ Status: 'exited', Restarting: false }));
    expect((await state(id)).Error).toContain(file);
    await new Promise((next) => setTimeout(next, 400)); // the second delay would be over
    expect(await state(id)).toMatchObject({ Status: 'exited', Restarting: false });
  });

  test('and --rm exclude each other', async () => {
    expect(
      await c.refusal('POST', '/containers/create', {
        Image: 'busybox:test',
        ...policy('always', 0, { AutoRemove: true }),
      }),
    ).toMatch(/^400 can't create 'AutoRemove' container with restart policy/);
    expect(await c.refusal('POST', '/containers/create', { Image: 'busybox:test', ...policy('often') })).toMatch(
      /^400 invalid restart policy: unknown policy 'often'/,
    );
  });
});

describe('when the engine is killed and comes back', () => {
  test('each policy does what it says', async () => {
    const script = ['sh', '-c', 'echo run; [ -e /end ] && exit 7; read line; exit 7'];
    const wish = (name: string) => ({ OpenStdin: true, ...policy(name) });
    const names = ['no', 'on-failure', 'always', 'unless-stopped'] as const;
    const running = new Map(
      await Promise.all(names.map(async (name) => [name, await c.begin(script, wish(name))] as const)),
    );
    const stopped = new Map(
      await Promise.all(names.map(async (name) => [name, await c.begin(script, wish(name))] as const)),
    );
    const untouched = await c.begin(script, wish('always'));
    for (const id of stopped.values()) await c.ask('POST', `/containers/${id}/kill`);
    const pids = await Promise.all([...running.values()].map(async (id) => (await state(id)).Pid));
    const before = (await state(untouched)).Pid;
    await c.engine.kill();
    for (const pid of pids) process.kill(pid, 'SIGKILL');
    await c.engine.start();
    for (const name of ['on-failure', 'always', 'unless-stopped'] as const)
      await eventually(async () => expect(await state(running.get(name)!), name).toMatchObject({ Status: 'running' }));
    await eventually(async () => expect(await state(stopped.get('always')!)).toMatchObject({ Status: 'running' }));
    expect((await c.inspect(stopped.get('always')!)).RestartCount).toBe(0);
    expect(await state(running.get('no')!)).toMatchObject({ Status: 'exited', ExitCode: 137 });
    for (const name of ['no', 'on-failure', 'unless-stopped'] as const)
      expect(await state(stopped.get(name)!), name).toMatchObject({ Status: 'exited' });
    expect((await state(untouched)).Pid).toBe(before);
    expect((await c.logs(untouched)).stdout).toBe('run\n');
  });

  test.each(['kill', 'terminate'] as const)('%s: delay, count and limit of restarts go on', async (end) => {
    const id = await c.begin(['sh', '-c', 'cut -d" " -f1 /proc/uptime; exit 3'], policy('on-failure', 5));
    await eventually(async () =>
      expect(await c.inspect(id)).toMatchObject({ RestartCount: 4, State: { Status: 'restarting' } }),
    );
    await c.engine[end]();
    await c.engine.start();
    await eventually(async () => expect(await state(id)).toMatchObject({ Status: 'exited', ExitCode: 3 }));
    expect((await c.inspect(id)).RestartCount).toBe(5);
    const times = (await c.logs(id)).stdout.trim().split('\n').map(Number);
    expect(times).toHaveLength(6);
    const gaps = times.slice(1).map((time, n) => time - times[n]!);
    for (const [n, gap] of gaps.entries()) expect(gap).toBeGreaterThanOrEqual((100 * 2 ** n) / 1000 - 0.02);
  });

  test('what was cut short in the middle of many starts is as it was promised', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, () => c.create(['sleep', '600'])));
    const starts = ids.map((id) =>
      c.engine.request('POST', `/containers/${id}/start`).then(
        ({ status }) => status,
        () => 0,
      ),
    );
    await Promise.race(starts);
    await c.engine.kill();
    const statuses = await Promise.all(starts);
    await c.engine.start();
    for (const [n, id] of ids.entries()) {
      const now = await state(id);
      if (statuses[n] === 204) expect(now.Status).toBe('running');
      if (now.Status === 'running') {
        expect(existsSync(`/proc/${now.Pid}`)).toBe(true);
        expect((await c.exec(id, ['echo', 'alive'])).stdout).toBe('alive\n');
      } else await c.start(id);
    }
  });

  test('output, exit code and the time of the end are those of the program', async () => {
    const file = join(dir, 'ended');
    const id = await c.begin(['sh', '-c', 'echo begun; read line; echo $line; date +%s > /m/ended; exit 6'], {
      OpenStdin: true,
      HostConfig: { Binds: [`${dir}:/m`] },
    });
    const stream = await c.attach(id);
    await stream.write('typed before the end\n');
    await eventually(() => expect(existsSync(file)).toBe(true));
    stream.destroy();
    await c.engine.kill();
    await c.engine.start();
    const now = await state(id);
    expect(now).toMatchObject({ Status: 'exited', ExitCode: 6 });
    expect(
      Math.abs(new Date(now.FinishedAt).getTime() / 1000 - Number(readFileSync(file, 'utf8'))),
    ).toBeLessThanOrEqual(2);
    expect((await c.logs(id)).stdout).toBe('begun\ntyped before the end\n');
  });
});
