import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { compose, composeHere, type ProjectFolder, projectFolder } from '../../../support/compose.ts';
import { docker } from '../../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../../support/images.ts';
import { type RegistryHere, startRegistryHere } from '../../../support/registry-in-process.ts';

const TYPE = 'application/vnd.docker.compose';
const ACCEPT = { Accept: 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json' };

interface Artifact {
  artifactType?: string;
  config: { mediaType: string };
  layers: { mediaType: string; digest: string; annotations: Record<string, string> }[];
}

let engine: TestEngine;
let registry: RegistryHere;
let own: ProjectFolder;
/** Of the image of the project, in the registry. */
let digest: string;

function project(service: string, files: Record<string, string> = {}): void {
  own = projectFolder('shop', {
    'compose.yaml': `services: {web: {image: "${registry.address}/web:1"${service}}}\n`,
    ...files,
  });
}
const publish = (...flags: string[]) =>
  composeHere(engine, own, [
    '-f',
    `${own.folder}/compose.yaml`,
    'publish',
    ...flags,
    `${registry.address}/apps/shop:1`,
  ]);
async function published(...flags: string[]): Promise<Artifact> {
  const { code, stderr } = await publish(...flags);
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining('apps/shop:1 published') });
  return (await get('manifests/1').then((response) => response.json())) as Artifact;
}
const get = (path: string) => fetch(`${registry.url}/v2/apps/shop/${path}`, { headers: ACCEPT });
const content = async (artifact: Artifact, at: number) => (await get(`blobs/${artifact.layers[at]?.digest}`)).text();

beforeAll(async () => {
  [engine, registry] = await Promise.all([startTestEngine(), startRegistryHere({ delete: true })]);
  const name = `${registry.address}/web:1`;
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage([name])]) });
  digest = /digest: (sha256:\w+)/.exec((await docker(engine, ['push', name])).stdout)?.[1] ?? '';
});
afterEach(() => own[Symbol.dispose]());
afterAll(async () => {
  await engine.stop();
  await registry.close();
});

it('publish: the files of a project as an artifact', async () => {
  project('');
  const artifact = await published();
  expect(artifact).toMatchObject({
    artifactType: `${TYPE}.project`,
    config: { mediaType: 'application/vnd.oci.empty.v1+json' },
    layers: [{ mediaType: `${TYPE}.file+yaml`, annotations: { 'com.docker.compose.file': 'compose.yaml' } }],
  });
  expect(await content(artifact, 0)).toBe(`services: {web: {image: "${registry.address}/web:1"}}\n`);
});

it('publish --oci-version: in the form of 1.0', async () => {
  project('');
  const artifact = await published('--oci-version', '1.0');
  expect(artifact.artifactType).toBeUndefined();
  expect(artifact.config.mediaType).toBe(`${TYPE}.project`);
  expect(await publish('--oci-version', '2')).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('invalid --oci-version "2"'),
  });
});

it('publish --resolve-image-digests: with a file that pins them', async () => {
  project('');
  const artifact = await published('--resolve-image-digests');
  expect(artifact.layers.map(({ annotations }) => annotations['com.docker.compose.file'])).toEqual([
    'compose.yaml',
    'image-digests.yaml',
  ]);
  expect(await content(artifact, 1)).toBe(`services:\n  web:\n    image: ${registry.address}/web:1@${digest}\n`);
});

it.each([
  ['publish --with-env: what a service is given', ', environment: {TOKEN: x}', 'environment variable(s)', []],
  ['publish --with-env: files of variables go along', ', env_file: web.env', 'env_file', ['web.env']],
])('%s', async (_, service, reason, files) => {
  project(service, { 'web.env': 'TOKEN=x\n' });
  expect(await publish()).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`service "web" has ${reason} declared.\nTo avoid leaking sensitive data`),
  });
  const artifact = await published('--with-env');
  const sent = artifact.layers.filter(({ mediaType }) => mediaType === `${TYPE}.envfile`);
  expect(sent.map(({ annotations }) => annotations['com.docker.compose.envfile'])).toEqual(files);
  if (files.length) expect(await content(artifact, 1)).toBe('TOKEN=x\n');
});

it('publish -y: does not ask about folders of this machine', async () => {
  project(', volumes: [".:/own"]');
  const words = ['-f', `${own.folder}/compose.yaml`, 'publish', `${registry.address}/apps/asked:1`];
  const asked = await compose(engine, own, words, { input: 'n\n' });
  expect(asked).toMatchObject({ code: 0, stderr: '', stdout: expect.stringContaining('[y/N]') });
  expect((await fetch(`${registry.url}/v2/apps/asked/tags/list`)).status).toBe(404);
  await published('-y');
});

it('publish --app: the images too, with a list of them that refers to the project', async () => {
  project('');
  expect((await get(`manifests/${digest}`)).status).toBe(404);
  await published('--app');
  const image = await get(`manifests/${digest}`);
  expect(image.status).toBe(200);
  const { config, layers } = (await image.json()) as { config: { digest: string }; layers: { digest: string }[] };
  for (const blob of [config, ...layers]) expect((await get(`blobs/${blob.digest}`)).status).toBe(200);
  const subject = (await get('manifests/1')).headers.get('docker-content-digest');
  const referrers = (await (await get(`referrers/${subject}`)).json()) as { manifests: { digest: string }[] };
  expect(referrers.manifests).toHaveLength(1);
  expect(await (await get(`manifests/${referrers.manifests[0]?.digest}`)).json()).toMatchObject({
    artifactType: `${TYPE}.project`,
    manifests: [{ digest }],
    subject: { digest: subject },
  });
});
