import { existsSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { composeHere, type ProjectFolder, projectFolder } from '../../../support/compose.ts';
import { docker } from '../../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../../support/images.ts';

let engine: TestEngine;
let own: ProjectFolder;
const call = (...words: string[]) => composeHere(engine, own, ['-f', `${own.folder}/compose.yaml`, ...words]);
async function ok(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await call(...words);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout;
}
const read = (file: string) => readFileSync(`${own.folder}/${file}`, 'utf8');

/** An image that writes the project, and what it has of templates, into files of a name of its own. */
const transformation = (name: string, label: Record<string, string>) =>
  busyboxImage([`${name}:latest`], {
    files: [{ path: 'templates' }, { path: 'templates/own', content: `of ${name}\n` }],
    config: {
      Cmd: ['sh', '-c', `cp /in/compose.yaml /out/${name}.yaml && cat /templates/* > /out/${name}.txt`],
      Labels: label,
    },
  });

beforeAll(async () => {
  engine = await startTestEngine();
  const label = { 'com.docker.compose.bridge': 'transformation' };
  for (const image of [transformation('one', label), transformation('two', label), transformation('none', {})])
    await docker(engine, ['load'], { input: dockerArchive([image]) });
  own = projectFolder('shop', {
    'compose.yaml': 'services: {web: {image: web, expose: ["80"]}}\n',
    'mine/t': 'of the user\n',
  });
});
afterAll(async () => {
  own[Symbol.dispose]();
  await engine.stop();
});

it('bridge convert --transformation, bridge convert --output: each writes into the folder', async () => {
  await ok('bridge', 'convert', '-t', 'one', '--transformation', 'two', '-o', `${own.folder}/made`);
  for (const name of ['one', 'two']) {
    expect(read(`made/${name}.yaml`)).toMatch(/^name: shop\nservices:\n {2}web:\n[\s\S]*image: web\n/);
    expect(read(`made/${name}.txt`)).toBe(`of ${name}\n`);
  }
  expect((await docker(engine, ['ps', '-aq'])).stdout).toBe('');
});

it('bridge convert --templates: in place of those of the image', async () => {
  const out = `${own.folder}/other`;
  await ok('bridge', 'convert', '-t', 'one', '--templates', `${own.folder}/mine`, '-o', out);
  expect(read('other/one.txt')).toBe('of the user\n');
});

it('bridge convert --dry-run: writes nothing', async () => {
  await ok('bridge', 'convert', '--dry-run', '-t', 'one', '-o', `${own.folder}/dry`);
  expect(existsSync(`${own.folder}/dry`)).toBe(false);
});

it('bridge transformations list -q, bridge transformations list --format: images that say they are', async () => {
  expect((await ok('bridge', 'transformations', 'list', '-q')).split('\n').sort()).toEqual([
    '',
    'one:latest',
    'two:latest',
  ]);
  const rows = JSON.parse(await ok('bridge', 'transformations', 'ls', '--format', 'json')) as {
    Name: string;
    ID: string;
  }[];
  expect(rows.map(({ Name }) => Name).sort()).toEqual(['one:latest', 'two:latest']);
  for (const { Name, ID } of rows)
    expect((await docker(engine, ['inspect', '--format', '{{.Id}}', Name])).stdout.trim()).toBe(ID);
  expect(await call('bridge', 'transformations', 'list', '--format', 'xml')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('unsupported format "xml"'),
  });
});

it('bridge transformations create --from: a folder to build another one from', async () => {
  await ok('bridge', 'transformations', 'create', '--from', 'two', `${own.folder}/new`);
  expect(read('new/templates/own')).toBe('of two\n');
  await docker(engine, ['build', '-q', '-t', 'three', `${own.folder}/new`]);
  expect((await ok('bridge', 'transformations', 'list', '-q')).split('\n')).toContain('three:latest');
});
