import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';

let containers: Containers;

beforeAll(async () => {
  containers = await startContainers();
});
afterAll(() => containers?.engine.stop());

/** Processes that name a container: its monitor and its runtime. */
function processesOf(id: string): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
        return command.includes(id) ? [command.slice(0, 80)] : [];
      } catch {
        return []; // ended meanwhile
      }
    });
}

describe.each(['crun', 'runc'])('what is started ahead of a start, with %s', (Runtime) => {
  const create = () => containers.create(['sh', '-c', 'echo hello'], { HostConfig: { Runtime } });
  const works = async (id: string) => {
    await containers.start(id);
    expect(await containers.wait(id)).toBe(0);
    expect((await containers.logs(id)).stdout).toBe('hello\n');
  };

  test('goes away when no start comes, and the container starts later', async () => {
    const id = await create();
    await eventually(() => expect(processesOf(id)).not.toEqual([]));
    await eventually(() => expect(processesOf(id)).toEqual([]));
    await works(id);
  });

  test('goes with the container', async () => {
    const ids = await Promise.all(Array.from({ length: 12 }, create));
    await Promise.all(ids.map((id) => containers.remove(id)));
    await eventually(() => expect(ids.flatMap(processesOf)).toEqual([]));
  });

  test('does not outlive its engine for long, and is in nobody’s way', async () => {
    const ids = await Promise.all(Array.from({ length: 8 }, create));
    await containers.engine.kill();
    await containers.engine.start();
    expect(ids.flatMap(processesOf)).toEqual([]);
    for (const id of ids) await works(id);
  });

  test('takes a configuration that is larger than a pipe', async () => {
    const Env = Array.from({ length: 40 }, (_, index) => `LONG_${index}=${'x'.repeat(20_000)}`);
    const { code, stdout } = await containers.run(['sh', '-c', 'echo $LONG_39 | wc -c'], {
      Env,
      HostConfig: { Runtime },
    });
    expect({ code, stdout }).toEqual({ code: 0, stdout: '20001\n' });
  });
});
