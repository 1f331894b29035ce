import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

const IMAGE = 'clients-busybox:latest';
let engine: TestEngine;
let archive: string;

beforeAll(async () => {
  engine = await startTestEngine();
  archive = path.join(engine.root, 'image.tar');
  await writeFile(archive, dockerArchive([busyboxImage([IMAGE])]));
});
afterAll(() => engine.stop());

test.each([
  ['dockerode', process.execPath, 'dockerode-session.mjs'],
  ['the docker library of Python', '/usr/bin/python3', 'docker_session.py'],
])('%s works as with Docker', async (_name, program, script) => {
  const result = await run(program, [path.join(import.meta.dirname, script), archive, IMAGE], {
    env: { DOCKER_HOST: engine.host },
  });
  expect(
    result.code,
    `${result.stdout}${result.stderr}\nThe engine said:\n${engine.output().split('\n').slice(-20).join('\n')}`,
  ).toBe(0);
  expect(result.stdout).toBe('every step went well\n');
});
