import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type DockerRegistry, missingRegistryTools, skopeo, startDockerRegistry } from '../../support/registry.ts';
import { HOST_PLATFORM, makeImage, makeIndex, writeLayout } from '../../support/registry-images.ts';
import { type OpenStore, openStore } from './open-store.ts';

const missing = missingRegistryTools('skopeo');
const of = (platform: { os: string; architecture: string }) =>
  makeImage({
    layers: [[{ path: 'common', content: 'x' }], [{ path: 'own', content: platform.architecture }]],
    platform,
  });
const [host, other] = [of(HOST_PLATFORM), of({ os: 'linux', architecture: 's390x' })];
const index = makeIndex([other, host]);

describe.skipIf(missing !== undefined)(
  `an image of several platforms is pushed (${missing ?? 'docker-registry'})`,
  () => {
    let registry: DockerRegistry;
    let store: OpenStore;
    const folder = mkdtempSync(path.join(tmpdir(), 'berth-push-platforms-'));
    beforeAll(async () => {
      registry = await startDockerRegistry();
    });
    afterAll(async () => {
      await registry.close();
      rmSync(folder, { recursive: true });
    });
    beforeEach(async () => {
      store = await openStore();
    });
    afterEach(() => store[Symbol.asyncDispose]());

    let count = 0;
    /** Loads the layout without some of its blobs; gives the name. */
    async function loaded(leave: string[] = []): Promise<string> {
      const name = `${registry.domain}/multi/image${++count}:v1`;
      const layout = path.join(folder, String(count));
      writeLayout(layout, name, index);
      for (const digest of leave) rmSync(path.join(layout, 'blobs/sha256', digest.slice(7)));
      const tar = execFileSync('tar', ['-C', layout, '-c', '.']);
      await store.images.load(pieces(tar), { onProgress: () => undefined, quiet: true });
      return name;
    }
    const raw = (name: string) => skopeo('inspect', '--raw', '--tls-verify=false', `docker://${name}`);

    it('as the same index, with all that it names', async () => {
      const name = await loaded();
      const messages = await store.push(name);
      expect(messages).toContainEqual({ status: `v1: digest: ${index.digest} size: ${index.bytes.length}` });
      expect(raw(name)).toBe(index.bytes.toString());
      expect(store.images.resolve(name).digests).toEqual([`${name.slice(0, -3)}@${index.digest}`]);
      // Everything is there, for every platform.
      skopeo('copy', '--all', '--src-tls-verify=false', `docker://${name}`, `dir:${path.join(folder, `all${count}`)}`);
      expect((await store.push(name)).map(({ status }) => status)).toContain('Layer already exists');
    });

    it('and pulled again it is the same image', async () => {
      const name = await loaded();
      await store.push(name);
      await store.images.remove(name, { force: true, noPrune: false });
      await store.pull(name);
      expect(store.images.resolve(name)).toMatchObject({ id: host.configDigest, manifest: host.digest });
      expect(store.images.resolve(name).digests).toEqual([`${name.slice(0, -3)}@${index.digest}`]);
    });

    it('one platform, when it is asked for', async () => {
      const chosen = await loaded();
      await store.push(chosen, { platform: 'linux/s390x' });
      expect(raw(chosen)).toBe(other.bytes.toString());
    });

    it('one platform, when something of the others is not here', async () => {
      const partial = await loaded([other.layerDigests[1]!]);
      await store.push(partial);
      expect(raw(partial)).toBe(host.bytes.toString());
    });
  },
);

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes.subarray(0, 1000);
  yield bytes.subarray(1000);
}
