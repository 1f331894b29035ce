import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type OwnRegistry, startOwnRegistry } from '../../support/own-registry.ts';
import { call, digestOf, newBlob, newImage, putManifest, startUpload } from '../../support/registry-calls.ts';

const NAME = 'team/app';
const folder = mkdtempSync(path.join(tmpdir(), 'berth-registry-full-'));
const root = path.join(folder, 'root');
const mayMount = (() => {
  mkdirSync(root);
  return spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', root]).status === 0;
})();
let registry: OwnRegistry | undefined;

beforeAll(async () => {
  if (mayMount) registry = await startOwnRegistry({ root, config: { gc: { grace: '1ms' } } });
});
afterAll(async () => {
  await registry?.stop();
  if (mayMount) execFileSync('umount', [root]);
  rmSync(folder, { recursive: true, force: true });
});

it.skipIf(!mayMount)(
  `a full disk: pushes are refused and leave nothing, reads and deletes go on, and then it goes on${mayMount ? '' : ' (no tmpfs may be mounted here)'}`,
  async () => {
    const url = `http://${registry!.domain}`;
    const image = await newImage(url, NAME);
    expect((await putManifest(url, NAME, 'before', image)).status).toBe(201);

    const large = newBlob(4_000_000);
    const location = await startUpload(url, NAME);
    const refused = await call(url, 'PATCH', location, { body: large });
    expect([refused.status, refused.codes()]).toEqual([503, ['UNAVAILABLE']]);
    // What came is kept, and says how far it is; the disk is full with it.
    const single = await call(url, 'POST', `/v2/${NAME}/blobs/uploads/?digest=${digestOf(large)}`, { body: large });
    expect(single.status).toBe(503);
    expect((await call(url, 'PUT', `/v2/${NAME}/manifests/during`, { body: image.bytes })).status).toBe(503);
    expect(readdirSync(path.join(root, 'tmp'))).toEqual([]);
    expect(readdirSync(path.join(root, 'staged'))).toHaveLength(1);

    for (const method of ['GET', 'HEAD']) {
      expect((await call(url, method, `/v2/${NAME}/manifests/before`)).status).toBe(200);
      expect((await call(url, method, `/v2/${NAME}/blobs/${digestOf(image.layer)}`)).status).toBe(200);
    }
    expect((await call(url, 'GET', `/v2/${NAME}/manifests/during`)).status).toBe(404);

    expect((await call(url, 'DELETE', location)).status).toBe(204);
    expect((await putManifest(url, NAME, 'after', await newImage(url, NAME))).status).toBe(201);
  },
);
