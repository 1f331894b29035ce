import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseReference } from '@berth/oci';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { dockerArchive } from '../../support/images.ts';
import {
  type DockerRegistry,
  missingRegistryTools,
  REGISTRY_USER,
  skopeo,
  startDockerRegistry,
} from '../../support/registry.ts';
import { HOST_PLATFORM, type MadeImage, makeImage, makeIndex, writeLayout } from '../../support/registry-images.ts';
import { type OpenStore, openStore, statesOf } from './open-store.ts';

const missing = missingRegistryTools('skopeo');
const signal = new AbortController().signal;
const file = (content: string) => [{ path: 'file', content }];

describe.skipIf(missing !== undefined)(
  `with Debian's docker-registry and skopeo${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let registry: DockerRegistry;
    let closed: DockerRegistry;
    let store: OpenStore;
    const dir = mkdtempSync(path.join(tmpdir(), 'berth-layouts-'));
    beforeAll(async () => {
      [registry, closed] = await Promise.all([startDockerRegistry(), startDockerRegistry({ auth: true })]);
    });
    afterAll(async () => {
      await Promise.all([registry.close(), closed.close()]);
      rmSync(dir, { recursive: true, force: true });
    });
    beforeEach(async () => {
      store = await openStore();
    });
    afterEach(() => store[Symbol.asyncDispose]());

    let count = 0;
    /** Brings an image into a registry by skopeo; gives its name. */
    function publishBySkopeo(image: MadeImage, { to = registry, all = false, credentials = '' } = {}): string {
      const layout = path.join(dir, String(++count));
      writeLayout(layout, 'x', image);
      const name = `${to.domain}/made/image${count}:v1`;
      const access = credentials === '' ? [] : ['--dest-creds', credentials];
      skopeo(
        'copy',
        '--quiet',
        '--preserve-digests',
        '--dest-tls-verify=false',
        ...access,
        ...(all ? ['--all'] : []),
        `oci:${layout}:x`,
        `docker://${name}`,
      );
      return name;
    }
    const inspect = (name: string): { Digest: string; Layers: string[]; Architecture: string } =>
      JSON.parse(skopeo('inspect', '--tls-verify=false', `docker://${name}`));
    const rawManifest = (name: string) => skopeo('inspect', '--raw', '--tls-verify=false', `docker://${name}`);

    it.each(['gzip', 'zstd'] as const)(
      'pulls what skopeo copied there, and skopeo finds the same where it is pushed (%s)',
      async (compression) => {
        const image = makeImage({ layers: [file('bottom'), file('top')], compression });
        const source = publishBySkopeo(image);
        await store.pull(source);
        expect(store.images.resolve(source)).toMatchObject({ id: image.configDigest, manifest: image.digest });

        const target = `${registry.domain}/pushed/${compression}:v2`;
        store.images.tag(source, parseReference(target));
        const said = await store.push(target);
        expect(rawManifest(target)).toBe(image.bytes.toString());
        expect(said[0]).toEqual({ status: `The push refers to repository [${registry.domain}/pushed/${compression}]` });
        expect(said.slice(-2)).toEqual([
          { status: `v2: digest: ${image.digest} size: ${image.bytes.byteLength}` },
          { progressDetail: {}, aux: { Tag: 'v2', Digest: image.digest, Size: image.bytes.byteLength } },
        ]);
        expect(store.images.resolve(target).digests).toContain(
          `${registry.domain}/pushed/${compression}@${image.digest}`,
        );
        expect(store.events).toContain(`push ${target}`);
        // The registry had the layers in the other repository.
        for (const diffId of store.images.resolve(target).config.rootfs.diff_ids) {
          expect(statesOf(said, diffId.slice(7, 19))).toEqual(['Preparing', `Mounted from made/image${count}`]);
        }
        const again = await store.push(target);
        for (const diffId of store.images.resolve(target).config.rootfs.diff_ids) {
          expect(statesOf(again, diffId.slice(7, 19))).toEqual(['Preparing', 'Layer already exists']);
        }
      },
    );

    it('pulls the host’s part of an index that skopeo copied', async () => {
      const other = makeImage({ layers: [file('other')], platform: { os: 'linux', architecture: 's390x' } });
      const mine = makeImage({ layers: [file('mine')] });
      const index = makeIndex([other, mine]);
      const name = publishBySkopeo(index, { all: true });
      await store.pull(name);
      expect(store.images.resolve(name)).toMatchObject({
        id: mine.configDigest,
        config: { architecture: HOST_PLATFORM.architecture },
      });
      expect(store.images.resolve(name).digests).toEqual([`${name.replace(/:v1$/, '')}@${index.digest}`]);
    });

    it('compresses layers that are here uncompressed, the same way each time, and remembers', async () => {
      const name = `${registry.domain}/loaded:v1`;
      const archive = dockerArchive([{ tags: [name], files: file('x'.repeat(100_000)), config: { Cmd: ['x'] } }]);
      const load = (into: OpenStore) => into.images.load(one(archive), { onProgress: () => {}, quiet: true });
      await load(store);
      const [diffId] = store.images.resolve(name).config.rootfs.diff_ids;
      const said = await store.push(name);
      expect(statesOf(said, diffId!.slice(7, 19))).toEqual(['Preparing', 'Pushing', 'Pushed']);
      const first = inspect(name);
      expect(rawManifest(name)).toMatch(/tar[.+]gzip/);
      expect(store.images.resolve(name).digests).toEqual([`${registry.domain}/loaded@${first.Digest}`]);
      expect((await store.images.manifestOf(store.images.resolve(name).id)).descriptor.digest).toBe(first.Digest);
      await store.push(name);
      expect(inspect(name).Digest).toBe(first.Digest);

      await using elsewhere = await openStore();
      await load(elsewhere);
      await elsewhere.push(name);
      expect(inspect(name).Digest).toBe(first.Digest);
      await using third = await openStore();
      await third.pull(name);
      expect(third.images.resolve(name).id).toBe(store.images.resolve(name).id);
    });

    it('pushes all tags of a repository', async () => {
      await store.pull(publishBySkopeo(makeImage({ layers: [file('all')] })));
      const source = store.images.resolve(`${registry.domain}/made/image${count}:v1`).id;
      for (const tag of ['one', 'two']) store.images.tag(source, parseReference(`${registry.domain}/all:${tag}`));
      await store.push(`${registry.domain}/all`);
      const { Tags } = JSON.parse(skopeo('list-tags', '--tls-verify=false', `docker://${registry.domain}/all`)) as {
        Tags: string[];
      };
      expect(Tags).toEqual(['one', 'two']);
      await using other = await openStore();
      await other.pull(`${registry.domain}/all`);
      expect(other.images.resolve(source).tags).toEqual([`${registry.domain}/all:one`, `${registry.domain}/all:two`]);
    });

    it('refuses what it cannot push, in Docker’s words', async () => {
      const absent = `${registry.domain}/absent`;
      await expect(store.push(`${absent}:v1`)).rejects.toMatchObject({
        code: 'not-found',
        message: `tag does not exist: ${absent}:v1`,
      });
      await expect(store.push(absent)).rejects.toMatchObject({
        code: 'not-found',
        message: `An image does not exist locally with the tag: ${absent}`,
      });
      await expect(store.push(`${absent}@sha256:${'0'.repeat(64)}`)).rejects.toThrow('cannot push a digest reference');
      const name = publishBySkopeo(makeImage({ layers: [file('x')] }));
      await store.pull(name);
      await expect(store.push(name, { platform: 'linux/s390x' })).rejects.toThrow(
        /does not provide the specified platform \(linux\/s390x\)/,
      );
    });

    it('logs in, pulls and pushes with a password, and not without', async () => {
      const { username, password } = REGISTRY_USER;
      const image = makeImage({ layers: [file('closed')] });
      const name = publishBySkopeo(image, { to: closed, credentials: `${username}:${password}` });
      await expect(store.pull(name)).rejects.toMatchObject({
        code: 'forbidden',
        message: 'unauthorized: authentication required',
      });
      await expect(store.pull(name, { auth: { username, password: 'wrong' } })).rejects.toMatchObject({
        code: 'forbidden',
      });
      await store.pull(name, { auth: REGISTRY_USER });
      const target = `${closed.domain}/pushed:v1`;
      store.images.tag(name, parseReference(target));
      await expect(store.push(target)).rejects.toMatchObject({ code: 'forbidden' });
      const said = await store.push(target, { auth: REGISTRY_USER });
      expect(said.at(-1)?.aux).toMatchObject({ Digest: image.digest });

      const login = (auth: object) => store.transfers.checkAuth({ ...auth, serveraddress: closed.domain }, signal);
      expect(await login(REGISTRY_USER)).toEqual({ Status: 'Login Succeeded', IdentityToken: '' });
      await expect(login({ username, password: 'wrong' })).rejects.toMatchObject({ code: 'unauthorized' });
    });
  },
);

async function* one(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
