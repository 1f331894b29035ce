import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CommandResult, docker, run } from '../../support/docker.ts';
import { COMPARED_VERSION, dockerMajor } from '../../support/docker-version.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

const MAIN = path.resolve(import.meta.dirname, '../../../apps/cli/main.ts');

let engine: TestEngine;
let folder: string;
beforeAll(async () => {
  engine = await startTestEngine();
  folder = await mkdtemp(path.join(tmpdir(), 'berth-image-commands-'));
  await writeFile(
    path.join(folder, 'box.tar'),
    dockerArchive([busyboxImage(['box:1'], { config: { Labels: { a: 'b' } } })]),
  );
  const loaded = await berth('load', '-i', path.join(folder, 'box.tar'));
  expect(loaded).toMatchObject({ code: 0, stdout: 'Loaded image: box:1\n' });
});
afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true, force: true });
});

const env = () => ({ DOCKER_HOST: engine.host, DOCKER_CONFIG: folder, TZ: 'UTC' });

/** Our client from its sources, on the Node that runs the tests. */
function berth(...args: string[]): Promise<CommandResult> {
  return run(process.execPath, [MAIN, ...args], { env: env() });
}

describe.skipIf(dockerMajor() < COMPARED_VERSION)(
  `what Docker's client ${COMPARED_VERSION} and ours show of one engine is the same`,
  () => {
    it.each(
      [
        ['images'],
        ['images', '--digests', '--no-trunc'],
        ['images', '--format', 'json'],
        ['image', 'inspect', 'box:1'],
        ['image', 'inspect', '-f', '{{json .}}', 'box:1'],
        ['image', 'inspect', '-f', '{{.Config.Labels}} {{.RootFS.Type}} {{len .RootFS.Layers}}', 'box:1'],
        ['history', 'box:1'],
        ['history', '--no-trunc', '--format', '{{json .}}', 'box:1'],
        ['network', 'ls', '--no-trunc'],
        ['network', 'inspect', 'bridge', 'host', 'none'],
        ['network', 'inspect', '-f', '{{range .IPAM.Config}}{{.Subnet}}{{end}}', 'bridge'],
        ['system', 'df'],
        ['system', 'df', '-v'],
        ['info', '-f', '{{.ServerVersion}} {{.Driver}} {{.Swarm.LocalNodeState}} {{.SecurityOptions}}'],
        ['version', '-f', '{{json .Server}}'],
        ['inspect', 'box:1'],
        ['inspect', 'nope'],
        ['events', '--since', '1h', '--until', '0s', '--filter', 'type=image', '--format', 'json'],
        ['rmi', 'nope'],
        ['tag', 'nope', 'x'],
      ].map((line) => ({ line, name: line.join(' ') })),
    )('$name', async ({ line }) => {
      expect(await berth(...line)).toEqual(await docker(engine, line, { env: env() }));
    });
  },
);

it('saves, tags, removes and loads again', async () => {
  const archive = path.join(folder, 'saved.tar');
  expect(await berth('tag', 'box:1', 'other:2')).toMatchObject({ code: 0 });
  expect(await berth('save', '-o', archive, 'other:2')).toEqual({ code: 0, stdout: '', stderr: '' });
  expect((await readFile(archive)).length).toBeGreaterThan(10_240);
  expect((await berth('rmi', 'other:2')).stdout).toBe('Untagged: other:2\n');
  expect((await berth('load', '-i', archive)).stdout).toBe('Loaded image: other:2\n');
  expect((await berth('images', '-q', 'other')).stdout).toBe((await berth('images', '-q', 'box')).stdout);
  expect((await berth('image', 'prune', '-af')).stdout).toContain('Total reclaimed space:');
  expect((await berth('images', '-q')).stdout).toBe('');
});

it('imports a file system', async () => {
  const archive = path.join(folder, 'box.tar');
  const imported = await berth('import', '-c', 'CMD ["x"]', '-m', 'why', archive, 'fs:1');
  expect(imported.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect((await berth('inspect', '-f', '{{.Config.Cmd}} {{.Comment}}', 'fs:1')).stdout).toBe('[x] why\n');
});
