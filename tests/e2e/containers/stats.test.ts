import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { type CommandResult, run } from '../../support/docker.ts';
import { begin } from '../cli/place.ts';

let c: Containers;
let folder: string;
let env: Record<string, string>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-stats-'));
  c = await startContainers();
  env = { DOCKER_HOST: c.engine.host, DOCKER_CONFIG: folder, HOME: folder };
  await c.begin(['sleep', '600'], { HostConfig: { Memory: 32 * 1024 * 1024 } }, 'one');
  await c.create(['true'], {}, 'idle');
});
afterAll(async () => {
  await c?.engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

const type = (client: 'docker' | 'berth', ...args: string[]): Promise<CommandResult> =>
  run(clientProgram(client), args, { env });

describe('stats --no-stream', () => {
  const FORMATS = [
    [],
    ['--format', 'json'],
    ['--format', 'table {{.Container}}\t{{.MemPerc}}\t{{.PIDs}}'],
    ['--format', '{{.ID}} {{.Name}} {{.CPUPerc}}', '--no-trunc'],
  ];
  test.each(FORMATS.map((flags) => [flags]))(
    'of named containers with %j is the same by both clients',
    async (flags) => {
      const seen = await Promise.all(
        (['docker', 'berth'] as const).map((client) => type(client, 'stats', '--no-stream', ...flags, 'one', 'idle')),
      );
      const plain = seen.map(({ code, stdout }) => [code, stdout.replaceAll(/[\d.]+(KiB|MiB)|[\d.]+%/g, 'N')]);
      expect(plain[1]).toEqual(plain[0]);
      expect(seen[1]?.code).toBe(0);
    },
  );

  test('shows what runs, and with --all what does not', async () => {
    const names = async (...flags: string[]) =>
      (await type('berth', 'container', 'stats', '--no-stream', '--format', '{{.Name}}', ...flags)).stdout;
    expect(await names()).toBe('one\n');
    expect((await names('-a')).split('\n').sort()).toEqual(['', 'idle', 'one']);
  });

  test('names what is not there', async () => {
    for (const client of ['docker', 'berth'] as const) {
      const { code, stdout, stderr } = await type(client, 'stats', '--no-stream', 'one', 'nobody');
      expect([code, stdout, stderr]).toEqual([1, '', 'Error response from daemon: No such container: nobody\n']);
    }
  });

  test('refuses a field that there is not', async () => {
    const { code, stderr } = await type('berth', 'stats', '--format', '{{.Foo}}');
    expect([code, stderr]).toEqual([1, expect.stringContaining("can't evaluate field Foo in type *container.stats")]);
  });
});

describe('a live table', () => {
  test('follows what starts and ends', async () => {
    const table = begin(clientProgram('berth'), ['stats', '--format', '{{.Name}}={{.PIDs}}'], {
      ...process.env,
      ...env,
    });
    let text = '';
    table.child.stdout.on('data', (chunk: string) => {
      text += chunk;
    });
    try {
      await eventually(() => expect(text).toContain('one=1'));
      const id = await c.begin(['sleep', '600'], {}, 'two');
      await eventually(() => expect(text).toContain('two=1'));
      await c.remove(id);
      text = '';
      await eventually(() => expect(text).toMatch(/one=1\none=1\n/));
    } finally {
      table.child.kill();
      await table.ended;
    }
  });

  test('of named containers ends with the last of them', async () => {
    const id = await c.begin(['sleep', '600'], {}, 'three');
    const table = begin(clientProgram('berth'), ['stats', 'three'], { ...process.env, ...env });
    await table.shows('three');
    await c.remove(id);
    expect((await table.ended).code).toBe(0);
  });
});
