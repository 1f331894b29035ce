import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { unframe } from '../../support/hijack.ts';

const MIB = 1024 * 1024;

/** What has to hold whatever the host's runtime is. */
describe.each([
  ['runc by default', ['--runtime', 'runc'], 'runc'],
  ['a host whose control groups are left alone', ['--no-mount-cgroups'], undefined],
] as const)('an engine with %s', (_, args, runtime) => {
  let c: Containers;
  beforeAll(async () => {
    c = await startContainers({ args: [...args] });
  });
  afterAll(() => c.engine.stop());

  test('says so in info', async () => {
    const { DefaultRuntime } = (await c.ask('GET', '/info')).json<{ DefaultRuntime: string }>();
    if (runtime) expect(DefaultRuntime).toBe(runtime);
    else expect(['crun', 'runc']).toContain(DefaultRuntime);
  });

  test('--runtime: runs, with output, exit code, limits and the end by memory', async () => {
    const { code, stdout, stderr } = await c.run(['sh', '-c', 'echo out; echo err >&2; exit 9'], {
      HostConfig: { Memory: 32 * MIB, PidsLimit: 20, NanoCpus: 5e8 },
    });
    expect([code, stdout, stderr]).toEqual([9, 'out\n', 'err\n']);
    const killed = await c.run(['dd', 'if=/dev/zero', 'of=/dev/null', 'bs=100M', 'count=1'], {
      HostConfig: { Memory: 8 * MIB, MemorySwap: 8 * MIB },
    });
    expect([killed.code, (await c.inspect(killed.id)).State.OOMKilled]).toEqual([137, true]);
  });

  test('input, terminal, resize, exec, pause, stop, restart', async () => {
    const cat = await c.create(['cat'], { OpenStdin: true, StdinOnce: true });
    const stream = await c.attach(cat);
    await c.start(cat);
    await stream.write('typed\n');
    stream.end();
    expect(unframe(await stream.ended).stdout.toString()).toBe('typed\n');
    stream.destroy();

    const id = await c.create(['sh', '-c', 'trap "exit 3" TERM; stty size; while :; do sleep 0.05; done'], {
      Tty: true,
      OpenStdin: true,
      HostConfig: { ConsoleSize: [21, 81] },
    });
    const terminal = await c.attach(id);
    await c.start(id);
    await terminal.until('21 81');
    await c.ask('POST', `/containers/${id}/resize?h=22&w=82`);
    expect((await c.exec(id, ['sh', '-c', 'stty size < /proc/1/fd/0'])).stdout).toBe('22 82\n');
    await c.ask('POST', `/containers/${id}/pause`);
    await c.ask('POST', `/containers/${id}/unpause`);
    await c.ask('POST', `/containers/${id}/restart?t=30`);
    await terminal.ended;
    terminal.destroy();
    // A first process takes no signal that it has not asked for: the new shell must have come to its trap.
    await eventually(async () => {
      const caught = /^SigCgt:\s+([0-9a-f]+)/m.exec((await c.exec(id, ['cat', '/proc/1/status'])).stdout)?.[1];
      expect(BigInt(`0x${caught}`) & (1n << 14n)).not.toBe(0n);
    });
    await c.ask('POST', `/containers/${id}/stop?t=30`);
    expect((await c.inspect(id)).State.ExitCode).toBe(3);
  });

  test('is killed and comes back', async () => {
    const id = await c.begin(['sh', '-c', 'read line; exit 4'], { OpenStdin: true });
    await c.engine.kill();
    await c.engine.start();
    const stream = await c.attach(id, 'stream=1&stdin=1');
    await stream.write('\n');
    expect(await c.wait(id)).toBe(4);
    stream.destroy();
    await eventually(async () => expect((await c.inspect(id)).State.Status).toBe('exited'));
  });

  test('isolates', async () => {
    const id = await c.begin(['sleep', '600'], { User: '1000' });
    const { Pid } = (await c.inspect(id)).State;
    const status = () => readFileSync(`/proc/${Pid}/status`, 'utf8');
    await eventually(() => expect(status()).toMatch(/^Name:\ssleep\n/)); // the runtime has made way for the program
    expect(status()).toMatch(/CapEff:\s0{16}\nCapBnd:\s00000000a80425fb\nCapAmb:\s0{16}\n/);
    expect(status()).toMatch(/Seccomp:\s2\n/);
  });
});
