import { expect, it } from 'vitest';
import { compose, composeOk, projectFolder } from '../../support/compose.ts';
import { missingRegistryTools, startDockerRegistry } from '../../support/registry.ts';

const NO_ENGINE = { host: 'unix:///nowhere/engine.sock' };
const missing = missingRegistryTools();

it.skipIf(missing !== undefined)('publish pushes the files of a project as an artifact', async () => {
  await using registry = await startDockerRegistry();
  using own = projectFolder('published', { 'compose.yaml': 'services: {web: {image: "busybox:1"}}\n' });
  const target = `${registry.domain}/apps/shop:1`;
  await composeOk(NO_ENGINE, own, ['publish', target]);
  const accept = { Accept: 'application/vnd.oci.image.manifest.v1+json' };
  const manifest = await fetch(`http://${registry.domain}/v2/apps/shop/manifests/1`, { headers: accept });
  const { artifactType, layers } = (await manifest.json()) as {
    artifactType: string;
    layers: { mediaType: string; digest: string; annotations: Record<string, string> }[];
  };
  expect(artifactType).toBe('application/vnd.docker.compose.project');
  expect(layers).toMatchObject([
    {
      mediaType: 'application/vnd.docker.compose.file+yaml',
      annotations: { 'com.docker.compose.file': 'compose.yaml' },
    },
  ]);
  const blob = await fetch(`http://${registry.domain}/v2/apps/shop/blobs/${layers[0]?.digest}`);
  expect(await blob.text()).toBe('services: {web: {image: "busybox:1"}}\n');
});

it('publish keeps variables to itself unless it is told otherwise', async () => {
  using own = projectFolder('published', { 'compose.yaml': 'services: {web: {image: a, environment: {TOKEN: x}}}\n' });
  expect(await compose(NO_ENGINE, own, ['publish', '127.0.0.1:1/app'])).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('has environment variable(s) declared'),
  });
});
