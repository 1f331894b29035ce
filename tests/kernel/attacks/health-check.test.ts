// ATTACK CLASSES: CVE-2022-24769 (capabilities that programs inherit), CVE-2024-21626 (descriptors of the host), all in
// health checks, which an image brings and nobody is asked about; and checks that never end or never stop to talk.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { Containers, eventually } from '../../support/containers.ts';
import { busyboxImage } from '../../support/images.ts';
import { Arena } from './arena.ts';

let arena: Arena;
let c: Containers;
beforeAll(async () => {
  arena = await Arena.open();
  c = new Containers(arena.engine);
});
afterEach(() => arena.expectUntouched());
afterAll(() => arena.close());

/** Runtimes of the host that were started to execute something in a container. */
function waitingFor(id: string): string[] {
  const commands = readdirSync('/proc').map((pid) => {
    try {
      return /^\d+$/.test(pid) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ') : '';
    } catch {
      return ''; // ended meanwhile
    }
  });
  return commands.filter((command) => command.includes(' exec ') && command.includes(id));
}

interface Health {
  Status: string;
  Log: { ExitCode: number; Output: string }[];
}

const healthOf = async (id: string) =>
  (await c.ask('GET', `/containers/${id}/json`)).json<{ State: { Health: Health } }>().State.Health;

/** Runs an image that brings this check; tells what the first check said. */
async function checked(runtime: string, script: string, wish: object = {}, times: object = {}) {
  const tag = `check-${runtime}-${Math.random().toString(36).slice(2)}:1`;
  const Healthcheck = { Test: ['CMD-SHELL', script], Interval: 50e6, ...times };
  await arena.load(busyboxImage([tag], { config: { Cmd: ['sleep', '600'], Env: ['PATH=/bin'], Healthcheck } }));
  const id = await c.begin(['sleep', '600'], { Image: tag, HostConfig: { Runtime: runtime }, ...wish });
  await eventually(async () => expect((await healthOf(id)).Log.length).toBeGreaterThan(0));
  return { id, ...(await healthOf(id)).Log[0]! };
}

describe.each(['crun', 'runc'])('%s', (runtime) => {
  test.each(['', '65534'])(
    'a check as user "%s" has no capabilities to hand on, and three descriptors',
    async (User) => {
      const script = 'grep -E "CapInh|CapAmb" /proc/self/status; ls /proc/self/fd; readlink /proc/self/cwd';
      const { id, Output, ExitCode } = await checked(runtime, script, { User });
      expect(ExitCode).toBe(0);
      expect(Output).toMatch(/CapInh:\s+0{16}\nCapAmb:\s+0{16}\n/);
      // ls itself has the directory open as the fourth.
      expect(Output.split('\n').filter((line) => /^\d+$/.test(line))).toEqual(['0', '1', '2', '3']);
      expect(Output).toMatch(/\n\/\n$/);
      await c.remove(id);
    },
  );

  test('one that prints without end is cut off and killed', async () => {
    const { id, Output, ExitCode } = await checked(runtime, 'yes', {}, { Timeout: 500e6 });
    expect(ExitCode).toBe(-1);
    expect(Output.length).toBeLessThan(4200);
    expect(Output).toMatch(/^Health check exceeded timeout \(500ms\): y\n/);
    await c.remove(id);
  });

  test('one that leaves processes behind does not fill the container', async () => {
    const { id } = await checked(runtime, '(trap "" TERM HUP; sleep 617) & sleep 618', {}, { Timeout: 200e6 });
    await eventually(async () => expect((await healthOf(id)).Log.length).toBe(5));
    const { Processes } = (await c.ask('GET', `/containers/${id}/top`)).json<{ Processes: string[][] }>();
    expect(Processes.filter((row) => /sleep 61[78]/.test(row.at(-1)!)).length).toBeLessThanOrEqual(2);
    await c.remove(id);
  });

  test('checks of a user who is gone leave nothing behind on the host', async () => {
    const tag = `gone-${runtime}:1`;
    const files = [{ path: 'etc/passwd', content: 'app:x:1:1::/:/bin/sh\n' }];
    const Healthcheck = { Test: ['CMD-SHELL', 'true'], Interval: 20e6 };
    await arena.load(
      busyboxImage([tag], { config: { Cmd: ['sleep', '600'], Env: ['PATH=/bin'], Healthcheck }, files }),
    );
    const script = 'echo > /etc/passwd; exec sleep 600';
    const id = await c.begin(['sh', '-c', script], { Image: tag, User: 'app', HostConfig: { Runtime: runtime } });
    await c.exec(id, ['sh', '-c', 'echo > /etc/passwd'], { User: '0' });
    await eventually(async () => expect((await healthOf(id)).Log.at(-1)?.Output).toMatch(/app/));
    await eventually(async () => expect((await healthOf(id)).Log.filter((l) => /app/.test(l.Output))).toHaveLength(5));
    expect(waitingFor(id).length).toBeLessThanOrEqual(1);
    await c.remove(id);
  });

  test('times that make no sense hold nothing up', async () => {
    const times = { Interval: -5e9, Timeout: 9e18, StartPeriod: 1, Retries: -3 };
    const { id, Output } = await checked(runtime, 'echo fine', {}, times);
    expect(Output).toBe('fine\n');
    const before = performance.now();
    await c.ask('GET', '/_ping');
    expect(performance.now() - before).toBeLessThan(5000);
    await c.remove(id);
  });
});
