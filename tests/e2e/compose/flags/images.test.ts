import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { composeHere, type ProjectFolder, projectFolder } from '../../../support/compose.ts';
import { docker } from '../../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../../support/images.ts';
import { type RegistryHere, startRegistryHere } from '../../../support/registry-in-process.ts';

let engine: TestEngine;
let registry: RegistryHere;
/** `127.0.0.1:PORT/`, in front of the names of images. */
let at: string;
let own: ProjectFolder;

const call = (...words: string[]) => composeHere(engine, own, ['-f', `${own.folder}/compose.yaml`, ...words]);
async function ok(...words: string[]): Promise<{ stdout: string; stderr: string }> {
  const { code, stdout, stderr } = await call(...words);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return { stdout, stderr };
}
async function engineDoes(...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await docker(engine, words);
  expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.trim();
}

function project(services: string): void {
  own = projectFolder('store', { 'compose.yaml': `services:\n${services.replaceAll('@', at)}` });
}
/** Images of the registry that the engine has, without its address. */
async function pulled(): Promise<string[]> {
  const names = await engineDoes('images', '--format', '{{.Repository}}');
  return names
    .split('\n')
    .filter((name) => name.startsWith(at))
    .map((name) => name.slice(at.length))
    .sort();
}
/** Tags that the registry has of a repository. */
async function tags(repository: string): Promise<string[]> {
  const response = await fetch(`${registry.url}/v2/${repository}/tags/list`);
  return response.ok ? ((await response.json()) as { tags: string[] }).tags : [];
}
/** Puts an image of its own into the registry, and leaves none in the engine; its digest there. */
async function offer(name: string, text = name): Promise<string> {
  const image = busyboxImage([`${at}${name}`], { config: { Cmd: ['echo', text] } });
  await docker(engine, ['load'], { input: dockerArchive([image]) });
  const said = await engineDoes('push', `${at}${name}`);
  await engineDoes('rmi', `${at}${name}`);
  return /digest: (sha256:[0-9a-f]{64})/.exec(said)?.[1] ?? '';
}

beforeAll(async () => {
  [engine, registry] = await Promise.all([startTestEngine(), startRegistryHere()]);
  at = `${registry.address}/`;
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]) });
  for (const name of ['app:1', 'dep:1']) await offer(name);
});
afterEach(async () => {
  const left = (await engineDoes('images', '--no-trunc', '--format', '{{.Repository}} {{.ID}}')).split('\n');
  const ids = new Set(left.filter((line) => line.startsWith(at)).map((line) => line.split(' ')[1] ?? ''));
  for (const id of ids) await engineDoes('rmi', '-f', id);
  own[Symbol.dispose]();
});
afterAll(async () => {
  await engine.stop();
  await registry.close();
});

describe('pull', () => {
  const LINKED = '  app: {image: "@app:1", depends_on: [dep]}\n  dep: {image: "@dep:1"}\n';
  const WITHOUT = '  app: {image: "@app:1"}\n  none: {image: "@none:1"}\n';
  const BUILT = '  app: {image: "@app:1"}\n  own: {image: "@own:1", build: .}\n';

  it.each<[string, string[], string[]]>([
    ['pull without --include-deps: only what is named', [], ['app']],
    ['pull --include-deps: what it depends on too', ['--include-deps'], ['app', 'dep']],
  ])('%s', async (_, flags, images) => {
    project(LINKED);
    await ok('pull', ...flags, 'app');
    expect(await pulled()).toEqual(images);
  });

  it('pull --ignore-pull-failures: the others are pulled, and it ends well', async () => {
    project(WITHOUT);
    expect(await call('pull')).toMatchObject({ code: 1, stderr: expect.stringContaining('none') });
    const { stderr } = await ok('pull', '--ignore-pull-failures');
    expect(stderr).toMatch(/app {2}Pulled[\s\S]*none/);
    expect(await pulled()).toEqual(['app']);
  });

  it('pull --ignore-buildable: images that are built here are not asked for', async () => {
    project(BUILT);
    expect(await call('pull')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        'Some service image(s) must be built from source by running:\n    berth compose build own',
      ),
    });
    expect((await ok('pull', '--ignore-buildable')).stderr).not.toContain('own');
    expect(await pulled()).toEqual(['app']);
  });

  it('pull --policy: missing leaves what is there, always asks again', async () => {
    project('  app: {image: "@moves:1"}\n');
    await offer('moves:1', 'old');
    await ok('pull');
    const id = () => engineDoes('images', '-q', '--no-trunc', `${at}moves:1`);
    const old = await id();
    await engineDoes('tag', `${at}moves:1`, 'kept');
    await offer('moves:1', 'new');
    await engineDoes('tag', 'kept', `${at}moves:1`);
    expect((await ok('pull', '--policy', 'missing')).stderr).toBe('');
    expect(await id()).toBe(old);
    await ok('pull', '--policy', 'always');
    expect(await id()).not.toBe(old);
    expect(await call('pull', '--policy', 'sometimes')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('invalid --policy "sometimes"'),
    });
  });

  it('pull -q: says nothing', async () => {
    project(LINKED);
    expect(await ok('pull', '-q')).toEqual({ stdout: '', stderr: '' });
    expect(await pulled()).toEqual(['app', 'dep']);
  });
});

describe('push', () => {
  const BUILT = (name: string, more = '') =>
    `  ${name}: {image: "@${name}:1", build: {context: ., dockerfile_inline: "FROM busybox\\nLABEL of=${name}\\n"${more}}, pull_policy: build}\n`;

  it('push --include-deps: what it depends on too; each with the tags of its build', async () => {
    project(`${BUILT('top', ', tags: ["@top:2"]').replace('}\n', ', depends_on: [below]}\n')}${BUILT('below')}`);
    await ok('build');
    await ok('push', 'top');
    expect([await tags('top'), await tags('below')]).toEqual([['1', '2'], []]);
    await ok('push', '--include-deps', 'top');
    expect(await tags('below')).toEqual(['1']);
  });

  it('push --ignore-push-failures: the others are pushed, and it ends well', async () => {
    project(`  gone: {image: "@gone:1", build: .}\n${BUILT('there')}`);
    await ok('build', 'there');
    expect(await call('push')).toMatchObject({ code: 1, stderr: expect.stringContaining('gone') });
    expect((await ok('push', '--ignore-push-failures')).stderr).toContain('gone');
    expect(await tags('there')).toEqual(['1']);
  });

  it('push -q: says nothing', async () => {
    project(BUILT('silent'));
    await ok('build');
    expect(await ok('push', '-q')).toEqual({ stdout: '', stderr: '' });
    expect(await tags('silent')).toEqual(['1']);
    const { stdout, stderr } = await ok('push');
    expect(stderr + stdout).toContain(' silent  Pushed \n');
  });
});

describe('digests', () => {
  it.each<[string, string[], (digest: string) => string]>([
    [
      'config --resolve-image-digests: in the whole file',
      ['--resolve-image-digests'],
      (digest) =>
        `name: store\nservices:\n  app:\n    command: null\n    entrypoint: null\n    image: ${at}app:1@${digest}\n`,
    ],
    [
      'config --lock-image-digests: alone, as a file to put over it',
      ['--lock-image-digests'],
      (digest) => `services:\n  app:\n    image: ${at}app:1@${digest}\n`,
    ],
  ])('%s', async (_, flags, shows) => {
    project('  app: {image: "@app:1"}\n');
    const response = await fetch(`${registry.url}/v2/app/manifests/1`, {
      headers: {
        Accept: 'application/vnd.docker.distribution.manifest.v2+json, application/vnd.oci.image.manifest.v1+json',
      },
    });
    const { stdout } = await ok('config', ...flags);
    expect(stdout).toContain(shows(response.headers.get('docker-content-digest') ?? ''));
  });
});
