/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write in a Compose file */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadFiles, web } from '../../../tests/support/compose-files.ts';
import { type LoadOptions, loadProject } from './load.ts';

describe('finding files', () => {
  it('takes the first of the usual names and its override file', () => {
    const { services } = loadFiles({
      'compose.yaml': web('    user: one\n'),
      'docker-compose.yml': web('    user: two\n'),
      'compose.override.yaml': web('    tty: true\n'),
    });
    expect(services.web).toMatchObject({ user: 'one', tty: true });
  });

  it('looks in the folders above', () => {
    const { files, cwd, name } = loadFiles({ 'compose.yaml': web('') });
    const below = join(cwd, 'a/b');
    mkdirSync(below, { recursive: true });
    const found = loadProject({ files: [], cwd: below, env: {} });
    expect(found).toMatchObject({ files, name, workingDir: cwd });
  });

  it('several -f are put one over the other, and COMPOSE_FILE lists them', () => {
    const files = {
      'a.yaml': web('    user: one\n    environment: {A: 1}\n'),
      'b.yaml': web('    environment: [B=2]\n'),
    };
    const wanted = { user: 'one', environment: { A: '1', B: '2' } };
    expect(loadFiles(files, { files: ['a.yaml', 'b.yaml'] }).services.web).toMatchObject(wanted);
    expect(loadFiles(files, { env: { COMPOSE_FILE: 'a.yaml:b.yaml' } }).services.web).toMatchObject(wanted);
  });

  it('says what it looked for when there is none', () => {
    expect(() => loadFiles({})).toThrow('no configuration file provided: not found');
  });
});

describe('the name of a project', () => {
  it.each<[string, Partial<LoadOptions>, string, string]>([
    ['the folder', {}, '', 'shop'],
    ['name:', {}, 'name: from-file\n', 'from-file'],
    ['COMPOSE_PROJECT_NAME', { env: { COMPOSE_PROJECT_NAME: 'env' } }, 'name: from-file\n', 'env'],
    ['-p', { projectName: 'flag', env: { COMPOSE_PROJECT_NAME: 'env' } }, 'name: from-file\n', 'flag'],
  ])('%s', (_, options, text, name) => {
    const project = loadFiles({ 'compose.yaml': text + web('    environment: {P: $COMPOSE_PROJECT_NAME}\n') }, options);
    expect(project.name).toBe(name);
    expect(project.services.web?.environment).toEqual({ P: name });
  });

  it('is refused when it is none', () => {
    expect(() => loadFiles({ 'compose.yaml': web('') }, { projectName: 'Not Good' })).toThrow(
      /invalid project name "Not Good"/,
    );
  });
});

describe('extends and include', () => {
  it('a service of another file, with the paths of that file', () => {
    const { services, cwd } = loadFiles({
      'compose.yaml': 'services:\n  web: {extends: {file: base/c.yaml, service: base}, environment: {B: 2}}\n',
      'base/c.yaml':
        'services:\n  base: {extends: root, build: ., env_file: e, environment: {A: 1, B: 1}}\n  root: {user: u, command: [x]}\n',
      'base/e': 'E=1\n',
    });
    expect(services.web).toMatchObject({
      user: 'u',
      command: ['x'],
      build: { context: join(cwd, 'base') },
      environment: { A: '1', B: '2', E: '1' },
    });
  });

  it('a file with its own folder and variables', () => {
    const { services, cwd, volumes } = loadFiles({
      'compose.yaml':
        'include:\n  - sub/compose.yaml\n  - {path: [o.yaml], env_file: o.env, project_directory: other}\nservices:\n  web: {image: a, depends_on: [db]}\n',
      'sub/compose.yaml': 'services:\n  db: {image: "x:${TAG}", volumes: ["./data:/data", "v:/v"]}\nvolumes: {v: }\n',
      'sub/.env': 'TAG=sub\n',
      'o.yaml': 'services:\n  o: {image: "o:${TAG}", volumes: ["./x:/x"]}\n',
      'o.env': 'TAG=o\n',
    });
    expect(services.db).toMatchObject({
      image: 'x:sub',
      volumes: [{ source: join(cwd, 'sub/data') }, { source: 'v' }],
    });
    expect(services.o).toMatchObject({ image: 'o:o', volumes: [{ source: join(cwd, 'other/x') }] });
    expect(volumes).toEqual({ v: { name: 'shop_v' } });
  });

  it('two different services of one name are refused, with both places', () => {
    const files = {
      'compose.yaml': 'include: [b.yaml]\nservices: {web: {image: a}}\n',
      'b.yaml': 'services: {web: {image: b}}\n',
    };
    expect(() => loadFiles(files)).toThrow('services.web conflicts with imported resource');
  });

  it('an override file changes what is included', () => {
    const { services } = loadFiles({
      'compose.yaml': 'include: [b.yaml]\nservices: {a: {image: a}}\n',
      'b.yaml': 'services: {web: {image: b}}\n',
      'compose.override.yaml': 'services: {web: {user: u}}\n',
    });
    expect(services.web).toMatchObject({ image: 'b', user: 'u' });
  });
});

describe('profiles', () => {
  const text =
    'services:\n  a: {image: x}\n  b: {image: x, profiles: [debug]}\n  c: {image: x, profiles: [other], depends_on: [a]}\n';
  it.each<[string, Partial<LoadOptions>, string[]]>([
    ['none', {}, ['a']],
    ['--profile', { profiles: ['debug'] }, ['a', 'b']],
    ['COMPOSE_PROFILES', { env: { COMPOSE_PROFILES: 'debug,other' } }, ['a', 'b', 'c']],
    ['*', { profiles: ['*'] }, ['a', 'b', 'c']],
    ['a service that is named', { named: ['c'] }, ['a', 'c']],
  ])('%s', (_, options, names) => {
    expect(Object.keys(loadFiles({ 'compose.yaml': text }, options).services)).toEqual(names);
  });
});
