import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const top = async (id: string, args = '') =>
  (await c.ask('GET', `/containers/${id}/top?ps_args=${encodeURIComponent(args)}`)).json<{
    Titles: string[];
    Processes: string[][];
  }>();

test.concurrent('top agrees with /proc', async () => {
  const id = await c.begin(['sh', '-c', 'sleep 601 & exec sleep 602']);
  await eventually(async () => expect((await top(id)).Processes).toHaveLength(2));
  const { Pid } = (await c.inspect(id)).State;
  const { Titles, Processes } = await top(id, '-o pid,ppid,nlwp,args');
  expect(Titles).toEqual(['PID', 'PPID', 'NLWP', 'COMMAND']);
  for (const [pid, ppid, threads, command] of Processes) {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    expect([ppid, threads]).toEqual([/^PPid:\t(\d+)/m.exec(status)?.[1], /^Threads:\t(\d+)/m.exec(status)?.[1]]);
    expect(command).toBe(readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean).join(' '));
  }
  expect(Processes.map(([pid]) => pid)).toContain(String(Pid));
  expect((await top(id)).Titles.slice(0, 3)).toEqual(['UID', 'PID', 'PPID']);
  expect((await top(id, 'aux')).Titles).toContain('%MEM');
});

test.concurrent('top says what is wrong with its arguments', async () => {
  const id = await c.begin(['sleep', '600']);
  const refusal = (args: string) => c.refusal('GET', `/containers/${id}/top?ps_args=${encodeURIComponent(args)}`);
  expect(await refusal('-o comm')).toBe("400 Couldn't find PID field in ps output");
  expect(await refusal('--nonsense')).toMatch(/^400 ps: /);
  expect(await refusal('-e -o ppid=PID')).toBe('400 specifying "ppid=PID" is not allowed');
  await c.ask('POST', `/containers/${id}/kill`);
  await c.wait(id);
  expect(await refusal('')).toBe(`409 container ${id} is not running`);
});
