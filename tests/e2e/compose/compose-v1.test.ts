import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ProjectFolder, projectFolder } from '../../support/compose.ts';
import { docker, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

const FILE = `services:
  web:
    image: busybox
    init: true
    command: sleep 1000
    environment: {STEP: "1"}
    volumes: [/data]
`;

let engine: TestEngine;
let project: ProjectFolder;
/** Debian's program in Python, which speaks an old API. */
const composeV1 = (...args: string[]) =>
  run('/usr/bin/docker-compose', args, { cwd: project.folder, env: { DOCKER_HOST: engine.host }, timeout: 120_000 });
const inspect = async (format: string) =>
  (await docker(engine, ['inspect', '--format', format, 'old_web_1'])).stdout.trim();

beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]) });
  project = projectFolder('old', { 'docker-compose.yml': `version: "3.7"\n${FILE}` });
});

afterAll(async () => {
  await composeV1('down', '--volumes', '--timeout', '0');
  project[Symbol.dispose]();
  await engine.stop();
});

it('Compose V1 makes a container anew that changed, and its volume stays', async () => {
  const first = await composeV1('up', '-d');
  expect(first.code, first.stderr).toBe(0);
  const volume = await inspect('{{(index .Mounts 0).Name}}');
  const id = await inspect('{{.Id}}');
  project.write('docker-compose.yml', `version: "3.7"\n${FILE.replace('"1"', '"2"')}`);
  const second = await composeV1('up', '-d', '--timeout', '0');
  expect(second.code, second.stderr).toBe(0);
  expect(await inspect('{{.Id}}')).not.toBe(id);
  expect(await inspect('{{.Config.Env}}')).toContain('STEP=2');
  expect(await inspect('{{(index .Mounts 0).Name}}')).toBe(volume);
});
