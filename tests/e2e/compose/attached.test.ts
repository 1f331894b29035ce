import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { compose, composeOk, type ProjectFolder, projectFolder } from '../../support/compose.ts';
import { docker } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

const TALKER = 'trap "echo bye; exit 0" TERM; echo hello; while true; do sleep 0.1; done';
const DEAF = 'trap "" TERM; echo deaf; while true; do sleep 0.1; done';

let engine: TestEngine;
let project: ProjectFolder | undefined;

beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]) });
});
afterEach(async () => {
  if (project) await compose(engine, project, ['down', '-t', '0', '-v']);
  project?.[Symbol.dispose]();
});
afterAll(() => engine.stop());

function files(services: Record<string, object>): ProjectFolder {
  const all = Object.entries(services).map(([name, service]) => [name, { image: 'busybox', ...service }]);
  project = projectFolder('live', { 'compose.yaml': JSON.stringify({ services: Object.fromEntries(all) }) });
  return project;
}

/** An attached `up`, and what it has printed so far. */
function up(
  own: ProjectFolder,
  ...words: string[]
): { child: ChildProcess; said: () => string; ended: Promise<unknown[]> } {
  const child = spawn(process.execPath, [path.resolve('apps/cli/main.ts'), 'compose', 'up', ...words], {
    cwd: own.folder,
    env: { ...process.env, DOCKER_HOST: engine.host, NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      text += chunk;
    });
  return { child, said: () => text, ended: once(child, 'close') };
}

const state = async (name: string) =>
  (await docker(engine, ['inspect', '-f', '{{.State.Status}} {{.State.ExitCode}}', name])).stdout.trim();
const UNTIL = { timeout: 60_000 };

it('shows the output of all with the container in front; ctrl-c once stops them', async () => {
  const own = files({ one: { command: ['sh', '-c', TALKER] }, second: { command: ['sh', '-c', TALKER] } });
  const { child, said, ended } = up(own);
  await expect.poll(said, UNTIL).toMatch(/one-1 {5}\| hello\n[\s\S]*|second-1 {2}\| hello\n/);
  await expect.poll(said, UNTIL).toMatch(/second-1 {2}\| hello\n/);
  await expect.poll(said, UNTIL).toMatch(/one-1 {5}\| hello\n/);
  expect(said()).toMatch(/Attaching to one-1, second-1\n/);
  child.kill('SIGINT');
  expect((await ended)[0]).toBe(130);
  expect(said()).toContain('Gracefully stopping... (press Ctrl+C again to force)\n');
  expect(said()).toMatch(/one-1 {5}\| bye\n/);
  expect(said()).toMatch(/one-1 exited with code 0\n/);
  expect(await state('live-one-1')).toBe('exited 0');
  expect(await state('live-second-1')).toBe('exited 0');
});

it('ctrl-c twice kills', async () => {
  const own = files({ deaf: { command: ['sh', '-c', DEAF], stop_grace_period: '10m' } });
  const { child, said, ended } = up(own);
  await expect.poll(said, UNTIL).toContain('deaf-1  | deaf');
  child.kill('SIGINT');
  await expect.poll(said, UNTIL).toContain('Gracefully stopping');
  child.kill('SIGINT');
  expect((await ended)[0]).toBe(130);
  expect(await state('live-deaf-1')).toBe('exited 137');
});

it('--exit-code-from gives the code of a service and stops the others', async () => {
  const own = files({
    test: { command: ['sh', '-c', 'echo testing; exit 7'] },
    other: { command: ['sh', '-c', TALKER] },
  });
  const { said, ended } = up(own, '--exit-code-from', 'test');
  expect((await ended)[0]).toBe(7);
  expect(said()).toMatch(/test-1 {3}\| testing\n/);
  expect(await state('live-other-1')).toMatch(/^exited/);
});

it('ends by itself when all have ended', async () => {
  const own = files({
    a: { command: 'echo from a' },
    b: { command: 'echo from b', depends_on: { a: { condition: 'service_completed_successfully' } } },
  });
  const { said, ended } = up(own);
  expect((await ended)[0]).toBe(0);
  expect(said()).toMatch(/a-1 {2}\| from a\n[\s\S]*b-1 {2}\| from b\n/);
});

it('--wait takes services that ended well, and says which did not', async () => {
  const own = files({
    init: { command: 'true' },
    app: {
      command: 'sleep 1000',
      stop_grace_period: '0s',
      depends_on: { init: { condition: 'service_completed_successfully' } },
    },
  });
  await composeOk(engine, own, ['up', '--wait', '--wait-timeout', '60']);
  expect(await state('live-app-1')).toBe('running 0');
  const check = { test: 'false', interval: '100ms', retries: 1 };
  const bad = { image: 'busybox', command: 'sleep 1000', stop_grace_period: '0s', healthcheck: check };
  own.write('compose.yaml', JSON.stringify({ services: { bad } }));
  expect(await compose(engine, own, ['up', '--wait', '--remove-orphans'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('container live-bad-1 is unhealthy'),
  });
});

it('a dependency that fails stops what waits for it', async () => {
  const own = files({
    init: { command: 'sh -c "exit 4"' },
    app: { command: 'sleep 1000', depends_on: { init: { condition: 'service_completed_successfully' } } },
  });
  expect(await compose(engine, own, ['up', '-d'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('service "init" didn\'t complete successfully: exit 4'),
  });
  expect(await state('live-app-1')).toBe('created 0');
});

it('an unhealthy dependency is said', async () => {
  const own = files({
    db: {
      command: 'sleep 1000',
      stop_grace_period: '0s',
      healthcheck: { test: 'false', interval: '100ms', retries: 1 },
    },
    app: { command: 'sleep 1000', depends_on: { db: { condition: 'service_healthy' } } },
  });
  expect(await compose(engine, own, ['up', '-d'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('dependency failed to start: container live-db-1 is unhealthy'),
  });
});

it('orphans are those of the same files: another file of the project keeps its containers', async () => {
  const own = files({ one: { command: 'sleep 1000', stop_grace_period: '0s' } });
  own.write(
    'other.yaml',
    JSON.stringify({ services: { other: { image: 'busybox', command: 'sleep 1000', stop_grace_period: '0s' } } }),
  );
  await composeOk(engine, own, ['up', '-d']);
  await composeOk(engine, own, ['-f', 'other.yaml', 'up', '-d', '--remove-orphans']);
  expect(await state('live-one-1')).toBe('running 0');
  own.write(
    'compose.yaml',
    JSON.stringify({ services: { two: { image: 'busybox', command: 'sleep 1000', stop_grace_period: '0s' } } }),
  );
  const { stderr } = await composeOk(engine, own, ['up', '-d']);
  expect(stderr).toContain('Found orphan containers ([live-one-1]) for this project');
  await composeOk(engine, own, ['up', '-d', '--remove-orphans']);
  expect((await docker(engine, ['ps', '--format', '{{.Names}}'])).stdout.trim().split('\n').sort()).toEqual([
    'live-other-1',
    'live-two-1',
  ]);
  await composeOk(engine, own, ['-f', 'other.yaml', 'down', '-t', '0']);
});
