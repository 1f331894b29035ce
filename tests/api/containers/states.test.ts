import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { detectCgroups, isFrozen } from '../../../apps/engine/linux/cgroup.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { open } from '../../support/request.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const seconds = async (work: () => Promise<unknown>) => {
  const begun = performance.now();
  await work();
  return (performance.now() - begun) / 1000;
};
/** Ends with 3 on SIGTERM, says so on SIGUSR1, and says `ready`. */
const TRAPS = ['sh', '-c', 'trap "exit 3" TERM; trap "echo usr1" USR1; echo ready; while :; do sleep 0.05; done'];
const STUBBORN = ['sh', '-c', 'trap "echo no" TERM; echo ready; while :; do sleep 0.05; done'];
const ready = (id: string) => eventually(async () => expect((await c.logs(id)).stdout).toContain('ready'));

describe.concurrent('stop', () => {
  test('asks by SIGTERM and gives the time that was asked for', async () => {
    const id = await c.begin(TRAPS);
    await ready(id);
    expect(await seconds(() => c.ask('POST', `/containers/${id}/stop?t=60`))).toBeLessThan(5);
    expect((await c.inspect(id)).State).toMatchObject({ Status: 'exited', ExitCode: 3, Running: false, Pid: 0 });
    expect(await c.events(id)).toEqual(['create', 'start', 'kill', 'die', 'stop']);
    expect((await c.engine.request('POST', `/containers/${id}/stop`)).status).toBe(304);
  });

  test('kills after the grace period', async () => {
    const id = await c.begin(STUBBORN);
    await ready(id);
    const time = await seconds(() => c.ask('POST', `/containers/${id}/stop?t=1`));
    expect(time).toBeGreaterThanOrEqual(1);
    expect(time).toBeLessThan(4);
    expect((await c.inspect(id)).State.ExitCode).toBe(137);
    expect((await c.logs(id)).stdout).toContain('no\n');
    expect(await c.events(id)).toEqual(['create', 'start', 'kill', 'kill', 'die', 'stop']);
  });

  test("--stop-signal, --stop-timeout: the container's own signal and time", async () => {
    const id = await c.begin(TRAPS, { StopSignal: 'SIGUSR1', StopTimeout: 0 });
    await ready(id);
    await c.ask('POST', `/containers/${id}/stop`);
    expect((await c.inspect(id)).State.ExitCode).toBe(137);
    const other = await c.begin(TRAPS, { StopSignal: 'SIGUSR1' });
    await ready(other);
    await c.ask('POST', `/containers/${other}/stop?signal=SIGTERM`);
    expect((await c.inspect(other)).State.ExitCode).toBe(3);
  });

  test('waits for years where that is asked for', async () => {
    for (const time of ['-1', '99999999999']) {
      const id = await c.begin(STUBBORN);
      await ready(id);
      const stopping = c.engine.request('POST', `/containers/${id}/stop?t=${time}`);
      await eventually(async () => expect((await c.logs(id)).stdout).toContain('no\n'));
      expect((await c.inspect(id)).State.Running).toBe(true);
      await c.ask('POST', `/containers/${id}/kill`);
      expect((await stopping).status).toBe(204);
    }
  });

  test('of what ends by a signal that nobody handles: 128 and its number', async () => {
    const id = await c.begin(['sleep', '600'], { HostConfig: { Init: true } });
    await eventually(async () => expect((await c.ask('GET', `/containers/${id}/top`)).text).toContain('sleep 600'));
    await c.ask('POST', `/containers/${id}/stop?t=60`);
    expect((await c.inspect(id)).State.ExitCode).toBe(143);
  });

  test('by many at once is one stop', async () => {
    const id = await c.begin(STUBBORN);
    await ready(id);
    const answers = await Promise.all(
      [0, 0, 1, 2].map((t) => c.engine.request('POST', `/containers/${id}/stop?t=${t}`)),
    );
    for (const { status } of answers) expect([204, 304]).toContain(status);
    expect((await c.inspect(id)).State).toMatchObject({ Status: 'exited', ExitCode: 137 });
  });

  test('paused containers too', async () => {
    const id = await c.begin(TRAPS);
    await ready(id);
    await c.ask('POST', `/containers/${id}/pause`);
    await c.ask('POST', `/containers/${id}/stop?t=60`);
    expect((await c.inspect(id)).State).toMatchObject({ Status: 'exited', ExitCode: 3, Paused: false });
    expect(await c.events(id)).toEqual(['create', 'start', 'pause', 'kill', 'unpause', 'die', 'stop']);
  });
});

describe.concurrent('kill', () => {
  test('sends any signal, by name or number', async () => {
    const id = await c.begin(TRAPS);
    await ready(id);
    for (const signal of ['USR1', 'SIGUSR1', 'sigusr1', '10']) {
      const before = (await c.logs(id)).stdout;
      await c.ask('POST', `/containers/${id}/kill?signal=${signal}`);
      await eventually(async () => expect((await c.logs(id)).stdout).toBe(`${before}usr1\n`));
    }
    expect(await c.refusal('POST', `/containers/${id}/kill?signal=SIGWRONG`)).toMatch(
      /^400 cannot kill container: [0-9a-f]{64}: invalid signal: SIGWRONG/,
    );
    await c.ask('POST', `/containers/${id}/kill?signal=TERM`);
    expect(await c.wait(id)).toBe(3);
    expect(await c.refusal('POST', `/containers/${id}/kill`)).toBe(
      `409 cannot kill container: ${id}: container ${id} is not running`,
    );
  });

  test('of a paused container', async () => {
    const id = await c.begin(['sleep', '600']);
    await c.ask('POST', `/containers/${id}/pause`);
    await c.ask('POST', `/containers/${id}/kill`);
    expect((await c.inspect(id)).State).toMatchObject({ Status: 'exited', ExitCode: 137 });
  });
});

test('pause freezes every process, and unpause lets them go on', async () => {
  const id = await c.begin(['sh', '-c', 'i=0; while :; do i=$((i+1)); echo $i > /count; done']);
  const count = async () => Number(readFileSync(join(c.engine.execRoot, 'c', id, 'rootfs', 'count'), 'utf8'));
  await eventually(async () => expect(await count()).toBeGreaterThan(0));
  await c.ask('POST', `/containers/${id}/pause`);
  expect(isFrozen(detectCgroups(), `${c.engine.cgroupParent}/${id}`)).toBe(true);
  const before = readFileSync(`/proc/${(await c.inspect(id)).State.Pid}/stat`, 'utf8').split(' ')[13];
  expect((await c.inspect(id)).State).toMatchObject({ Status: 'paused', Paused: true, Running: true });
  expect(await c.refusal('POST', `/containers/${id}/pause`)).toBe(`409 Container ${id} is already paused`);
  expect(await c.refusal('POST', `/containers/${id}/start`)).toBe(
    '409 cannot start a paused container, try unpause instead',
  );
  expect(await c.refusal('POST', `/containers/${id}/exec`, { Cmd: ['true'] })).toBe(
    `409 Container ${id} is paused, unpause the container before exec`,
  );
  expect(await c.refusal('DELETE', `/containers/${id}`)).toMatch(
    /^409 cannot remove container ".*": container is paused and must be unpaused first$/,
  );
  await c.engine.kill();
  await c.engine.start();
  expect((await c.inspect(id)).State).toMatchObject({ Status: 'paused', Paused: true });
  expect(readFileSync(`/proc/${(await c.inspect(id)).State.Pid}/stat`, 'utf8').split(' ')[13]).toBe(before);
  await c.ask('POST', `/containers/${id}/unpause`);
  const at = await count();
  await eventually(async () => expect(await count()).toBeGreaterThan(at));
  expect(await c.refusal('POST', `/containers/${id}/unpause`)).toBe(`409 Container ${id} is not paused`);
  await c.remove(id);
});

describe.concurrent('wait', () => {
  const waiting = async (id: string, condition: string) => {
    const answer = await open({ socketPath: c.engine.socket }, 'POST', `/containers/${id}/wait?condition=${condition}`);
    return {
      code: answer.toArray().then((chunks) => JSON.parse(Buffer.concat(chunks).toString()).StatusCode as number),
      cut: () => answer.destroy(),
    };
  };

  test('of what does not run: at once with the last code; next-exit waits for another run', async () => {
    const { id } = await c.run(['sh', '-c', 'exit 4']);
    expect(await c.wait(id)).toBe(4);
    const next = await waiting(id, 'next-exit');
    await c.start(id);
    expect(await next.code).toBe(4);
    expect(await c.wait(await c.create(['true']))).toBe(0);
    expect(await c.refusal('POST', `/containers/${id}/wait?condition=never`)).toMatch(
      /^400 invalid condition: "never"/,
    );
  });

  test('for the removal, whoever removes, with the last code also after the engine was exchanged', async () => {
    const { id } = await c.run(['sh', '-c', 'exit 5']);
    const removed = await waiting(id, 'removed');
    await c.remove(id);
    expect(await removed.code).toBe(5);
    expect(await c.refusal('POST', `/containers/${id}/wait`)).toMatch(/^404 No such container/);
  });

  test('by many, some of whom go away', async () => {
    const id = await c.begin(['sleep', '600']);
    const waits = await Promise.all(Array.from({ length: 10 }, () => waiting(id, 'not-running')));
    for (const gone of waits.slice(0, 5)) {
      gone.code.catch(() => {});
      gone.cut();
    }
    await c.ask('POST', `/containers/${id}/kill`);
    expect(await Promise.all(waits.slice(5).map(({ code }) => code))).toEqual([137, 137, 137, 137, 137]);
  });
});

describe.concurrent('names', () => {
  test('full ids, names with and without slash, prefixes', async () => {
    const id = await c.begin(['sleep', '600'], {}, 'named');
    for (const reference of [id, id.slice(0, 12), id.slice(0, 7), 'named', '%2Fnamed'])
      expect((await c.inspect(reference)).Id).toBe(id);
    expect(await c.refusal('GET', '/containers/unknown/json')).toBe('404 No such container: unknown');
    expect(await c.refusal('GET', `/containers/${'f'.repeat(64)}/json`)).toBe(
      `404 No such container: ${'f'.repeat(64)}`,
    );
    const ids = await Promise.all(Array.from({ length: 20 }, () => c.create(['true'])));
    const shared = ids.map((one) => one[0]!).find((first, index, all) => all.indexOf(first) !== index)!;
    expect(await c.refusal('GET', `/containers/${shared}/json`)).toBe(
      `400 multiple IDs found with provided prefix: ${shared}`,
    );
  });

  test.each(['a', '-x', '.x', 'a/b', 'a b', 'ä', ''])('%j is no name', async (name) => {
    const answer = await c.engine.request('POST', `/containers/create?name=${encodeURIComponent(name)}`, {
      body: { Image: 'busybox:test' },
    });
    if (name === '')
      expect(answer.status).toBe(201); // a name is made
    else
      expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(`Invalid container name (${name})`)]);
  });

  test('are taken over by rename; the old one is free', async () => {
    const id = await c.begin(['sleep', '600'], {}, 'before');
    const other = await c.create(['true'], {}, 'taken');
    expect(await c.refusal('POST', '/containers/before/rename?name=taken')).toBe(
      `409 Error when allocating new name: Conflict. The container name "/taken" is already in use by container "${other}". You have to remove (or rename) that container to be able to reuse that name.`,
    );
    expect(await c.refusal('POST', '/containers/before/rename?name=before')).toMatch(/^400 /);
    expect(await c.refusal('POST', '/containers/before/rename?name=')).toMatch(/^400 /);
    await c.ask('POST', '/containers/before/rename?name=after');
    expect((await c.inspect('after')).Name).toBe('/after');
    await c.create(['true'], {}, 'before');
    expect((await c.inspect('before')).Id).not.toBe(id);
    expect(await c.events(id)).toContain('rename');
  });

  test('are given once, however many ask at once', async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        c.engine.request('POST', '/containers/create?name=wanted', { body: { Image: 'busybox:test' } }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
  });
});

describe.concurrent('removal', () => {
  test('is refused of what runs, and forced', async () => {
    const id = await c.begin(['sleep', '600'], {}, 'runs');
    expect(await c.refusal('DELETE', '/containers/runs')).toBe(
      '409 cannot remove container "/runs": container is running: stop the container before removing or force remove',
    );
    await c.ask('DELETE', '/containers/runs?force=1');
    expect(await c.refusal('DELETE', `/containers/${id}`)).toBe(`404 No such container: ${id}`);
    expect(await c.events(id)).toEqual(['create', 'start', 'kill', 'die', 'destroy']);
  });

  test('by many at once removes once', async () => {
    const id = await c.begin(['sleep', '600']);
    const answers = await Promise.all(
      Array.from({ length: 6 }, () => c.engine.request('DELETE', `/containers/${id}?force=1`)),
    );
    for (const { status } of answers) expect([204, 404]).toContain(status);
    expect((await c.events(id)).filter((action) => action === 'destroy')).toHaveLength(1);
  });

  test('races with starts and ends without leaving anything', async () => {
    await Promise.all(
      Array.from({ length: 12 }, async (_, n) => {
        const id = await c.create(
          n % 2 ? ['true'] : ['sleep', '600'],
          n % 3 ? {} : { HostConfig: { AutoRemove: true } },
        );
        const answers = await Promise.all([
          c.engine.request('POST', `/containers/${id}/start`),
          c.engine.request('DELETE', `/containers/${id}?force=1`),
          c.engine.request('POST', `/containers/${id}/stop?t=0`),
          c.engine.request('DELETE', `/containers/${id}?force=1`),
        ]);
        for (const { status, text } of answers) expect([204, 304, 404, 409], text).toContain(status);
        expect((await c.engine.request('GET', `/containers/${id}/json`)).status).toBe(404);
      }),
    );
  });
});

test('prune removes what does not run, within its filters', async () => {
  const old = (await c.ask('GET', '/containers/json?all=1')).json<{ Id: string; State: string }[]>();
  for (const { Id, State } of old) if (State !== 'running') await c.remove(Id);
  const [kept, labelled, plain] = [
    await c.begin(['sleep', '600']),
    await c.create(['true'], { Labels: { keep: 'no' } }),
    (await c.run(['sh', '-c', 'head -c 100000 /dev/zero > /big'])).id,
  ];
  const prune = async (filters: object) =>
    (await c.ask('POST', `/containers/prune?filters=${encodeURIComponent(JSON.stringify(filters))}`)).json<{
      ContainersDeleted: string[];
      SpaceReclaimed: number;
    }>();
  expect((await prune({ label: ['keep=no'] })).ContainersDeleted).toEqual([labelled]);
  expect((await prune({ until: ['1h'] })).ContainersDeleted ?? []).toEqual([]);
  const { ContainersDeleted, SpaceReclaimed } = await prune({});
  expect(ContainersDeleted).toEqual([plain]);
  expect(SpaceReclaimed).toBeGreaterThanOrEqual(100_000);
  expect((await c.inspect(kept)).State.Running).toBe(true);
  expect(await c.refusal('POST', `/containers/prune?filters=${encodeURIComponent('{"wrong":["x"]}')}`)).toMatch(
    /^400 invalid filter 'wrong'/,
  );
});

test('top shows the processes as ps does, with the columns that are asked for', async () => {
  const id = await c.begin(['sh', '-c', 'sleep 604 & wait']);
  await eventually(async () => expect((await c.ask('GET', `/containers/${id}/top`)).text).toContain('sleep 604'));
  const { Titles, Processes } = (await c.ask('GET', `/containers/${id}/top`)).json<{
    Titles: string[];
    Processes: string[][];
  }>();
  expect(Titles).toEqual(['UID', 'PID', 'PPID', 'C', 'STIME', 'TTY', 'TIME', 'CMD']);
  expect(Processes.map((process) => process.at(-1))).toEqual(['sh -c sleep 604 & wait', 'sleep 604']);
  const chosen = (await c.ask('GET', `/containers/${id}/top?ps_args=${encodeURIComponent('-o pid,comm')}`)).json<{
    Titles: string[];
    Processes: string[][];
  }>();
  expect(chosen.Titles).toEqual(['PID', 'COMMAND']);
  expect(await c.refusal('GET', `/containers/${id}/top?ps_args=${encodeURIComponent('-o comm')}`)).toMatch(
    /^(400|500) Couldn't find PID field in ps output/,
  );
  await c.ask('POST', `/containers/${id}/kill`);
  expect(await c.refusal('GET', `/containers/${id}/top`)).toBe(`409 container ${id} is not running`);
});

describe.concurrent('an init program', () => {
  const init = { HostConfig: { Init: true } };

  test('--init: is the first process, hands signals on and takes the exit code', async () => {
    const id = await c.begin(TRAPS, init);
    await ready(id);
    expect((await c.exec(id, ['sh', '-c', 'tr "\\0" " " < /proc/1/cmdline'])).stdout).toMatch(
      /^\/sbin\/docker-init -- sh -c /,
    );
    await c.ask('POST', `/containers/${id}/stop?t=60`);
    expect((await c.inspect(id)).State.ExitCode).toBe(3);
  });

  test('--init: reaps what is orphaned', async () => {
    const script = 'for i in 1 2 3; do (sh -c "exit 0" &) ; done; sleep 0.2; ps | grep -c "\\[sh\\]" || true';
    expect(await c.sh(script, init)).toBe('0');
  });
});
