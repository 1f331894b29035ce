import { spawn } from 'node:child_process';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { compose, composeOk, projectFolder } from '../../support/compose.ts';
import { docker, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

const MAIN = path.resolve('apps/cli/main.ts');

let engine: TestEngine;
beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]) });
});
afterAll(() => engine.stop());

const names = async (...words: string[]) => (await docker(engine, words)).stdout.split('\n').filter(Boolean).sort();

it('--all-resources: networks and volumes that no service uses', async () => {
  using project = projectFolder('spare', {
    'compose.yaml':
      'services: {app: {image: busybox, command: "true"}}\nnetworks: {side: {}, out: {external: true}}\nvolumes: {data: {}}\n',
  });
  const made = async () => [
    ...(await names('network', 'ls', '--format', '{{.Name}}', '--filter', 'name=spare')),
    ...(await names('volume', 'ls', '--format', '{{.Name}}')),
  ];
  await docker(engine, ['network', 'create', 'out']);
  try {
    await composeOk(engine, project, ['create']);
    expect(await made()).toEqual(['spare_default']);
    await composeOk(engine, project, ['--all-resources', 'create']);
    expect(await made()).toEqual(['spare_default', 'spare_side', 'spare_data']);
  } finally {
    await composeOk(engine, project, ['down', '--volumes', '-t', '0']);
    await docker(engine, ['network', 'rm', 'out']);
  }
  expect(await made()).toEqual([]);
});

it('--menu is refused on a terminal, and means nothing elsewhere', async () => {
  using project = projectFolder('menu', { 'compose.yaml': 'services: {app: {image: busybox, command: "true"}}\n' });
  const env = { DOCKER_HOST: engine.host };
  const words = `${process.execPath} ${MAIN} compose up --menu`;
  const shown = await run('script', ['-qec', words, '/dev/null'], { cwd: project.folder, env });
  expect(shown.stdout).toContain('--menu is not supported by Berth');
  expect(shown.code).toBe(1);
  expect((await compose(engine, project, ['up', '--menu'])).code).toBe(0);
  expect((await compose(engine, project, ['up', '--menu', '-d'])).stderr).toContain('--menu and --detach are');
  await composeOk(engine, project, ['down', '-t', '0']);
});

it.each([
  ['watch --prune: the image before goes when it was built again', '--prune', 1],
  ['watch --prune=false: the image before stays', '--prune=false', 2],
])('%s', async (_, flag, left) => {
  using project = projectFolder('rebuilt', {
    'compose.yaml':
      'services:\n  app:\n    build: .\n    stop_grace_period: 0s\n    develop: {watch: [{path: ./src, action: rebuild}]}\n',
    Dockerfile: 'FROM busybox\nCOPY src/a /a\nLABEL made.by=rebuilt\nCMD ["sleep", "1000"]\n',
    'src/a': '1\n',
  });
  const child = spawn(process.execPath, [MAIN, 'compose', 'watch', flag], {
    cwd: project.folder,
    env: { ...process.env, DOCKER_HOST: engine.host },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (piece) => {
    said += String(piece);
  });
  const images = () => names('image', 'ls', '--quiet', '--no-trunc', '--filter', 'label=made.by=rebuilt');
  try {
    await expect.poll(() => said, { timeout: 60_000 }).toContain('Watch enabled');
    const [first] = await images();
    project.write('src/a', '2\n');
    await expect.poll(() => said, { timeout: 60_000 }).toContain('successfully built');
    await expect.poll(async () => (await images()).length, { timeout: 30_000 }).toBe(left);
    expect((await images()).includes(first ?? '')).toBe(left === 2);
    expect((await docker(engine, ['exec', 'rebuilt-app-1', 'cat', '/a'])).stdout).toBe('2\n');
  } finally {
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('exit', resolve));
    await composeOk(engine, project, ['down', '-t', '0']);
    for (const id of await images()) await docker(engine, ['rmi', id]);
  }
});
