import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { composeHere, type ProjectFolder, projectFolder } from '../../../support/compose.ts';
import { docker } from '../../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../../support/images.ts';

const LONG = 'while true; do sleep 0.1; done; echo a command that is longer than a column';
const FILE = `services:
  app: {image: busybox, command: sh -c "${LONG}", stop_grace_period: 0s, volumes: ["data:/data"]}
  done: {image: busybox, command: "true"}
volumes: {data: }
`;
const WITH_ORPHAN = `${FILE.replace('volumes: {data: }\n', '')}  old: {image: busybox, command: sleep 1000, stop_grace_period: 0s}
volumes: {data: }
`;

let engine: TestEngine;
let own: ProjectFolder;
let other: ProjectFolder;
const callIn = (project: ProjectFolder, ...words: string[]) =>
  composeHere(engine, project, ['-f', `${project.folder}/compose.yaml`, ...words]);
async function ok(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await callIn(own, ...words);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}
const inspect = async (name: string, format: string) =>
  (await docker(engine, ['inspect', '--format', format, name])).stdout.trim();

beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]) });
  own = projectFolder('listed', { 'compose.yaml': WITH_ORPHAN });
  other = projectFolder('stopped', { 'compose.yaml': 'services: {a: {image: busybox, command: "true"}}\n' });
  await ok('up', '-d');
  own.write('compose.yaml', FILE);
  await ok('run', '-d', '--name', 'listed-extra', 'done');
  await callIn(other, 'up', '-d');
  for (const name of ['listed-done-1', 'listed-extra', 'stopped-a-1']) await docker(engine, ['wait', name]);
});
afterAll(async () => {
  await callIn(own, 'down', '-v', '-t', '0', '--remove-orphans');
  await callIn(other, 'down', '-v', '-t', '0');
  own[Symbol.dispose]();
  other[Symbol.dispose]();
  await engine.stop();
});

describe('ps', () => {
  const NAMES = ['--format', '{{.Name}}'];
  it.each<[string, string[], string]>([
    ['ps: orphans too', [...NAMES], 'listed-app-1\nlisted-old-1\n'],
    ['ps --orphans=false: only what the files name', ['--orphans=false', ...NAMES], 'listed-app-1\n'],
    ['ps --filter: by status', ['--filter', 'status=exited', ...NAMES], 'listed-done-1\n'],
    ['ps --status: those in it', ['--status', 'exited', ...NAMES], 'listed-done-1\n'],
    [
      'ps --status: several of them',
      ['--status', 'exited', '--status', 'running', ...NAMES],
      'listed-app-1\nlisted-done-1\nlisted-old-1\n',
    ],
    ['ps --services: names of theirs', ['--services'], 'app\nold\n'],
    ['ps --format: a template', ['--format', '{{.Service}}={{.State}}', 'app'], 'app=running\n'],
    [
      'ps -a: those that ended, and those of run',
      ['-a', ...NAMES],
      'listed-app-1\nlisted-done-1\nlisted-extra\nlisted-old-1\n',
    ],
  ])('%s', async (_, words, shows) => {
    expect(await ok('ps', ...words)).toBe(shows);
  });

  it.each([
    ['ps --filter: only status', ['--filter', 'name=x'], 'unknown filter name'],
    ['ps --filter: with a value', ['--filter', 'running'], 'arguments to --filter should be in form KEY=VAL'],
  ])('%s', async (_, words, message) => {
    expect(await callIn(own, 'ps', ...words)).toMatchObject({ code: 1, stderr: expect.stringContaining(message) });
  });

  it('ps -q: whole ids', async () => {
    expect(await ok('ps', '-q', 'app')).toBe(`${await inspect('listed-app-1', '{{.Id}}')}\n`);
  });

  it('ps --format json: a line for each, for programs', async () => {
    expect(JSON.parse(await ok('ps', '--format', 'json', 'app'))).toMatchObject({
      ID: (await inspect('listed-app-1', '{{.Id}}')).slice(0, 12),
      ...{ Name: 'listed-app-1', Project: 'listed', Service: 'app', State: 'running', Image: 'busybox', ExitCode: 0 },
    });
  });

  it('ps --no-trunc: whole commands and ids', async () => {
    expect(await ok('ps', 'app')).not.toContain(LONG);
    expect(await ok('ps', '--no-trunc', 'app')).toContain(`"sh -c '${LONG}'"`);
    const id = await inspect('listed-app-1', '{{.Id}}');
    expect(await ok('ps', '--format', '{{.ID}}', 'app')).toBe(`${id.slice(0, 12)}\n`);
    expect(await ok('ps', '--no-trunc', '--format', '{{.ID}}', 'app')).toBe(`${id}\n`);
  });
});

describe('ls', () => {
  it.each<[string, string[], string]>([
    ['ls -q: names of projects that run', ['-q'], 'listed\n'],
    ['ls -a: those that ended too', ['-a', '-q'], 'listed\nstopped\n'],
    ['ls --filter: by name', ['-a', '-q', '--filter', 'name=^sto'], 'stopped\n'],
  ])('%s', async (_, words, shows) => {
    expect(await ok('ls', ...words)).toBe(shows);
  });

  it('ls --format json: for programs', async () => {
    expect(JSON.parse(await ok('ls', '-a', '--format', 'json', '--filter', 'name=stopped'))).toEqual([
      { Name: 'stopped', Status: 'exited(1)', ConfigFiles: `${other.folder}/compose.yaml` },
    ]);
  });
});

describe('images and volumes', () => {
  it('images -q: each id once', async () => {
    expect(await ok('images', '-q')).toBe(`${(await inspect('busybox', '{{.Id}}')).slice('sha256:'.length)}\n`);
  });

  it('images --format json: for programs', async () => {
    await docker(engine, ['tag', 'busybox', 'again']);
    expect(JSON.parse(await ok('images', '--format', 'json', 'app'))).toMatchObject([
      {
        ID: await inspect('busybox', '{{.Id}}'),
        ContainerName: 'listed-app-1',
        Repository: 'busybox',
        Tag: 'latest',
        Platform: await inspect('busybox', '{{.Os}}/{{.Architecture}}'),
        Size: Number(await inspect('busybox', '{{.Size}}')),
        Created: await inspect('busybox', '{{.Created}}'),
        LastTagTime: expect.stringMatching(/^20\d\d-/),
      },
    ]);
  });

  it('volumes --format: a template, and JSON', async () => {
    expect(await ok('volumes', '--format', '{{.Name}} {{.Driver}}')).toBe('listed_data local\n');
    expect(JSON.parse(await ok('volumes', '--format', 'json'))).toMatchObject({ Name: 'listed_data', Driver: 'local' });
  });

  it('volumes -q: names', async () => {
    expect(await ok('volumes', '-q')).toBe('listed_data\n');
  });
});

describe('stats', () => {
  const once = async (...words: string[]) =>
    (await ok('stats', '--no-stream', ...words)).split('\n').filter(Boolean).sort();

  it('stats -a, stats --no-stream, stats --format: containers that do not run too', async () => {
    const names = (...words: string[]) => once('--format', '{{.Name}}', ...words);
    expect(await names()).toEqual(['listed-app-1', 'listed-old-1']);
    expect(await names('-a')).toEqual(['listed-app-1', 'listed-done-1', 'listed-old-1']);
  });

  it('stats --no-trunc: whole ids', async () => {
    const id = await inspect('listed-app-1', '{{.Id}}');
    expect((await once('app')).join('\n')).toContain(`${id.slice(0, 12)} `);
    expect((await once('--no-trunc', 'app')).join('\n')).toContain(id);
  });
});

describe('version', () => {
  it.each<[string, string[], RegExp]>([
    ['version: in words', [], /^Docker Compose version v\d+\.\d+\.\d+, build berth-\S+\n$/],
    ['version --short: alone', ['--short'], /^\d+\.\d+\.\d+\n$/],
    ['version --format: JSON', ['--format', 'json'], /^\{"version":"v\d+\.\d+\.\d+"\}\n$/],
  ])('%s', async (_, words, shows) => {
    expect(await ok('version', ...words)).toMatch(shows);
  });

  it('version --format: no other than pretty and json', async () => {
    expect(await callIn(own, 'version', '--format', 'xml')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unsupported format "xml"'),
    });
  });
});
