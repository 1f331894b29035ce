import { mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { parseTable } from '../../support/table.ts';

describe.each(['berth', 'docker'] as const)('housekeeping with %s', (client) => {
  let engine: TestEngine;
  beforeAll(async () => {
    engine = await startTestEngine();
  });
  afterAll(() => engine?.stop());

  async function ok(args: string[], input?: Buffer): Promise<string> {
    const ran = await run(clientProgram(client), args, {
      env: { DOCKER_HOST: engine.host },
      ...(input === undefined ? {} : { input }),
    });
    expect({ args, code: ran.code, stderr: ran.stderr }).toEqual({ args, code: 0, stderr: '' });
    return ran.stdout;
  }
  const images = async () =>
    (await ok(['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}'])).trim().split('\n').sort();

  it('loads, tags and removes images', async () => {
    expect(await ok(['load'], dockerArchive([busyboxImage(['busybox:latest'])]))).toBe(
      'Loaded image: busybox:latest\n',
    );
    expect(await ok(['image', 'tag', 'busybox', 'example.org/box:1'])).toBe('');
    expect(await images()).toEqual(['busybox:latest', 'example.org/box:1']);
    expect(await ok(['image', 'rm', 'example.org/box:1'])).toBe('Untagged: example.org/box:1\n');
    expect(await images()).toEqual(['busybox:latest']);
  });

  it('shows the processes of a container', async () => {
    await ok(['run', '-d', '--name', 'sleeper', 'busybox', 'sleep', '600']);
    const rows = parseTable(await ok(['top', 'sleeper']));
    expect(rows).toMatchObject([{ CMD: 'sleep 600' }]);
    expect(Number(rows[0]!['PID'])).toBeGreaterThan(1);
  });

  it('counts what is there and what could be reclaimed', async () => {
    const rows = parseTable(await ok(['system', 'df']));
    expect(rows.map((row) => [row['TYPE'], row['TOTAL'], row['ACTIVE']])).toEqual([
      ['Images', '1', '1'],
      ['Containers', '1', '1'],
      ['Local Volumes', '0', '0'],
      ['Build Cache', '0', '0'],
    ]);
  });

  it('prunes what is not used, and only that', async () => {
    await ok(['run', '--name', 'done', 'busybox', 'true']);
    await ok(['load', '--quiet'], dockerArchive([busyboxImage(['unused:1'], { config: { Cmd: ['true'] } })]));
    expect(await ok(['image', 'prune', '--all', '--force'])).toMatch(
      /^Deleted Images:\nuntagged: unused:1\ndeleted: sha256:[0-9a-f]{64}\n[\s\S]*\nTotal reclaimed space: \S+B\n$/,
    );
    expect(await images()).toEqual(['busybox:latest']);
    expect(await ok(['system', 'prune', '--force'])).toMatch(
      /Deleted Containers:\n[0-9a-f]{64}\n[\s\S]*Total reclaimed space: \S+B\n$/,
    );
    expect(await ok(['ps', '--all', '--format', '{{.Names}}'])).toBe('sleeper\n');
  });
});

describe('berth alias', () => {
  it('install makes the other names, remove takes them away', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-alias-'));
    const berth = clientProgram('berth');
    try {
      expect((await run(berth, ['alias', 'install', '--dir', folder])).stdout).toContain(
        `${folder}/docker -> ${berth}\n`,
      );
      expect(readlinkSync(join(folder, 'docker-compose'))).toBe(berth);
      const asDocker = await run(join(folder, 'docker'), ['ps', '--help']);
      expect(asDocker.stdout).toMatch(/^Usage: {2}docker (container )?ps \[OPTIONS\]\n/m);
      expect((await run(berth, ['alias', 'remove', '--dir', folder])).code).toBe(0);
      expect(() => readlinkSync(join(folder, 'docker'))).toThrow('ENOENT');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
