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

it('up --menu: is refused on a terminal, and means nothing elsewhere', async () => {
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
