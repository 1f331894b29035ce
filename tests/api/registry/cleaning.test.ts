import { expect, it } from 'vitest';
import { call, digestOf, newBlob, newImage, pushBlob, putManifest } from '../../support/registry-calls.ts';
import { contentFiles, startRegistryHere } from '../../support/registry-in-process.ts';

const NAME = 'ci/app';

it('cleans by itself, every so often: tags beyond the last two, what has no tag, and their bytes', async () => {
  await using registry = await startRegistryHere({
    gc: { interval: '150ms', grace: '0' },
    retention: { interval: '150ms', rules: [{ repositories: ['ci/*'], keepLast: 2, untaggedAfter: '0' }] },
  });
  const { url } = registry;
  const images = [];
  for (const tag of ['1', '2', '3']) {
    const image = await pushed(url, tag);
    images.push(image);
  }
  const tags = async () => (await call(url, 'GET', `/v2/${NAME}/tags/list`)).json();
  await expect.poll(tags, { timeout: 20_000 }).toMatchObject({ tags: ['2', '3'] });
  const gone = images[0]!;
  await expect
    .poll(() => [...contentFiles(registry.root).keys()].join('\n'), { timeout: 20_000 })
    .not.toContain(digestOf(gone.layer).slice('sha256:'.length));
  expect((await call(url, 'GET', `/v2/${NAME}/manifests/${gone.digest}`)).status).toBe(404);
  for (const { layer } of images.slice(1))
    expect((await call(url, 'GET', `/v2/${NAME}/blobs/${digestOf(layer)}`)).body.equals(layer)).toBe(true);
  expect(registry.log).toEqual([]);
});

/** Without grace a collection may come between a blob and its manifest: then it is pushed again, as clients do. */
async function pushed(url: string, tag: string) {
  for (;;) {
    const image = await newImage(url, NAME);
    if ((await putManifest(url, NAME, tag, image)).status === 201) return image;
  }
}

it('a repository of which nothing is left is not listed any more', async () => {
  await using registry = await startRegistryHere();
  const digest = await pushBlob(registry.url, 'some/where', newBlob());
  const catalog = async () => (await call(registry.url, 'GET', '/v2/_catalog')).json();
  expect(await catalog()).toEqual({ repositories: ['some/where'] });
  await registry.registry.collect({ dryRun: true, graceMs: 0 });
  expect(await catalog()).toEqual({ repositories: ['some/where'] });
  await registry.registry.collect({ dryRun: false, graceMs: 0 });
  expect(await catalog()).toEqual({ repositories: [] });
  expect((await call(registry.url, 'GET', '/v2/some/where/tags/list')).codes()).toEqual(['NAME_UNKNOWN']);
  expect((await call(registry.url, 'HEAD', `/v2/some/where/blobs/${digest}`)).status).toBe(404);
});
