import { parseReference } from '@berth/oci';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { type FakeRegistry, fail, startFakeRegistry } from '../../support/registry-fake.ts';
import { type MadeImage, makeImage, publish } from '../../support/registry-images.ts';
import { type OpenStore, openStore, statesOf } from './open-store.ts';

let registry: FakeRegistry;
let store: OpenStore;
let image: MadeImage;
beforeEach(async () => {
  [registry, store] = [await startFakeRegistry(), await openStore()];
  image = makeImage({ layers: [[{ path: 'file', content: 'bottom' }], [{ path: 'other', content: 'top' }]] });
  await using source = await startFakeRegistry();
  publish(source, 'thing', 'v1', image);
  await store.pull(`${source.domain}/thing:v1`);
  tag('v1');
  await push('v1');
  registry.seen.length = 0;
});
afterEach(async () => {
  vi.useRealTimers();
  await store[Symbol.asyncDispose]();
  await registry.close();
});

const tag = (name: string) =>
  store.images.tag(image.configDigest, parseReference(`${registry.domain}/pushed/thing:${name}`));
const push = (name: string, choice = {}) => store.push(`${registry.domain}/pushed/thing:${name}`, choice);
const asked = () => registry.seen.map(({ method, url }) => `${method} ${url}`);
const ONE = ['HEAD /v2/pushed/thing/manifests/v1'];
const stands = () => registry.manifests.get('pushed/thing:v1')?.bytes.toString();
/** What a push sees to, whatever stood before. */
const expectWhole = () => {
  expect(stands()).toBe(image.bytes.toString());
  for (const [digest] of image.blobs) expect(registry.blobs.has(digest), digest).toBe(true);
};

it('asks once whether it still stands, and says the same as when it looks for each layer', async () => {
  const said = await push('v1');
  expect(asked()).toEqual(ONE);
  for (const diffId of store.images.resolve(image.configDigest).config.rootfs.diff_ids)
    expect(statesOf(said, diffId.slice(7, 19))).toEqual(['Preparing', 'Layer already exists']);
  const described = { Tag: 'v1', Digest: image.digest, Size: image.bytes.byteLength };
  expect(said.slice(-2)).toEqual([
    { status: `v1: digest: ${image.digest} size: ${image.bytes.byteLength}` },
    { progressDetail: {}, aux: described },
  ]);
  expect(store.events.filter((event) => event.startsWith('push'))).toHaveLength(2);
});

it.each([
  [
    'was emptied',
    () => {
      registry.manifests.clear();
      registry.blobs.clear();
    },
  ],
  ['has another image under the tag', () => publish(registry, 'pushed/thing', 'v1', makeImage({ layers: [] }))],
  [
    'has lost the tag, and a layer',
    () => {
      registry.manifests.clear();
      registry.blobs.delete(image.layerDigests[0]!);
    },
  ],
])('pushes all of it to a registry that %s meanwhile', async (_what, change) => {
  change();
  await push('v1');
  expect(asked()).toContain('PUT /v2/pushed/thing/manifests/v1');
  expectWhole();
});

it.each([
  ['an answer that says nothing', 401, 'UNAUTHORIZED'],
  ['a broken registry', 500, 'UNKNOWN'],
])('takes %s for no answer', async (_what, status, code) => {
  let refusals = 1;
  registry.intercept = (request, response) => {
    if (!request.url?.includes('/manifests/') || refusals-- <= 0) return false;
    fail(response, status, code, 'no');
    return true;
  };
  await push('v1');
  expect(asked()).toContain(`HEAD /v2/pushed/thing/blobs/${image.layerDigests[0]}`);
});

it('leaves it to the registry whether someone else may push what stands there', async () => {
  registry.intercept = (request, response) => {
    if (request.method !== 'PUT') return false;
    fail(response, 403, 'DENIED', 'requested access to the resource is denied');
    return true;
  };
  await expect(push('v1', { auth: { username: 'someone', password: 'else' } })).rejects.toMatchObject({
    code: 'forbidden',
    message: 'denied: requested access to the resource is denied',
  });
});

it('is for the same user, tag and image only, and for some minutes', async () => {
  const whole = `HEAD /v2/pushed/thing/blobs/${image.layerDigests[0]}`;
  const seen = async (work: () => Promise<unknown>) => {
    registry.seen.length = 0;
    await work();
    return asked();
  };
  expect(await seen(() => push('v1', { auth: { username: 'someone', password: 'else' } }))).toContain(whole);
  tag('v2');
  expect(await seen(() => push('v2'))).toContain(whole);
  expect(await seen(() => push('v2'))).toEqual(['HEAD /v2/pushed/thing/manifests/v2']);
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5 * 60_000 + 1000 });
  expect(await seen(() => push('v1'))).toContain(whole);
  expect(await seen(() => push('v1'))).toEqual(ONE);
});
