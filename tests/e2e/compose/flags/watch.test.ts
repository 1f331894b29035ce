import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { composeOk, type ProjectFolder, projectFolder } from '../../../support/compose.ts';
import { docker } from '../../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../../support/images.ts';

const MAIN = path.resolve('apps/cli/main.ts');
const UNTIL = { timeout: 60_000 };

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]) });
});
afterAll(() => engine.stop());

const names = async (...words: string[]) => (await docker(engine, words)).stdout.split('\n').filter(Boolean).sort();
const inside = async (file: string) => (await docker(engine, ['exec', 'watched-app-1', 'cat', file])).stdout;

/** A project whose image is built again when ./src changes, and whose ./data is copied. */
function watched(): ProjectFolder {
  return projectFolder('watched', {
    'compose.yaml':
      'services:\n  app:\n    build: .\n    stop_grace_period: 0s\n    develop: {watch: [{path: ./src, action: rebuild}, {path: ./data, action: sync, target: /data}]}\n',
    Dockerfile: 'FROM busybox\nCOPY src/a /a\nLABEL made.by=watched\nRUN echo step by step\nCMD ["sleep", "1000"]\n',
    'src/a': '1\n',
    'data/b': '1\n',
  });
}

/** `compose watch`, until `work` has ended; leaves nothing. */
async function watching(
  own: ProjectFolder,
  words: string[],
  work: (said: () => string) => Promise<void>,
): Promise<void> {
  const child = spawn(process.execPath, [MAIN, 'compose', ...words], {
    cwd: own.folder,
    env: { ...process.env, DOCKER_HOST: engine.host },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (piece) => {
      said += String(piece);
    });
  const ended = once(child, 'exit');
  try {
    await expect.poll(() => said, UNTIL).toContain('Watch enabled');
    await work(() => said);
  } finally {
    child.kill('SIGINT');
    await ended;
    await composeOk(engine, own, ['down', '-t', '0']);
    for (const id of await names('image', 'ls', '--quiet', '--filter', 'label=made.by=watched'))
      await docker(engine, ['rmi', '-f', id]);
  }
}

it.each([
  ['watch --prune: the image before goes when it was built again', '--prune', 1],
  ['watch --prune=false: the image before stays', '--prune=false', 2],
])('%s', async (_, flag, left) => {
  using own = watched();
  await watching(own, ['watch', flag], async (said) => {
    const images = () => names('image', 'ls', '--quiet', '--no-trunc', '--filter', 'label=made.by=watched');
    const [first] = await images();
    own.write('src/a', '2\n');
    await expect.poll(said, UNTIL).toContain('successfully built');
    await expect.poll(async () => (await images()).length, UNTIL).toBe(left);
    expect((await images()).includes(first ?? '')).toBe(left === 2);
    expect(await inside('/a')).toBe('2\n');
  });
});

it('watch --no-up: starts nothing, and goes on with what runs', async () => {
  using own = watched();
  await watching(own, ['watch', '--no-up'], async () => {
    expect(await names('ps', '-aq')).toEqual([]);
    expect(await names('image', 'ls', '--quiet', '--filter', 'label=made.by=watched')).toEqual([]);
    await composeOk(engine, own, ['up', '-d']);
    own.write('data/b', '2\n');
    await expect.poll(() => inside('/data/b'), UNTIL).toBe('2\n');
  });
});

it.each([
  ['watch --quiet: nothing of the build', ['--quiet'], false],
  ['watch: all of the build', [], true],
])('%s', async (_, flags, shows) => {
  using own = watched();
  await watching(own, ['watch', ...flags], async (said) => {
    expect(said().includes('RUN echo step by step')).toBe(shows);
    own.write('src/a', '3\n');
    await expect.poll(said, UNTIL).toContain('successfully built');
    expect(said().split('COPY src/a /a').length > 2).toBe(shows);
  });
});
