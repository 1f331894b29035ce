import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import { isObject } from '@berth/oci';
import { expect, it } from 'vitest';
import { callControl } from '../../../apps/registry/control/call-control.ts';
import { type OwnRegistry, startOwnRegistry } from '../../support/own-registry.ts';
import { call, digestOf, type MadeManifest, newBlob, newImage, putManifest } from '../../support/registry-calls.ts';
import { contentFiles } from '../../support/registry-in-process.ts';
import { dice } from '../../support/registry-worker.ts';

const ROUNDS = 8;
const NAME = 'team/app';
const CONFIG = {
  gc: { interval: '0', grace: '1h' },
  uploads: { expire: '1h' },
  retention: { interval: '0', rules: [{ untaggedAfter: '0' }] },
};

/** Blobs that are on their way while the registry is killed. */
interface Upload {
  bytes: Buffer;
  location: string;
  /** What the registry has said that it has. */
  acknowledged: number;
}

it('kill -9 in the middle of uploads, pushes and collections leaves no broken content, and loses nothing that was acknowledged', async () => {
  let registry = await startOwnRegistry({ config: CONFIG });
  const roll = dice(7);
  const pushed = new Map<string, MadeManifest>();
  const uploads: Upload[] = [];
  const removed = { count: 0 };
  try {
    for (let round = 0; round < ROUNDS; round++) {
      const killed = new AbortController();
      const load = Promise.all([
        pushing(registry, `a${round}`, pushed, killed.signal),
        pushing(registry, `b${round}`, pushed, killed.signal),
        uploading(registry, uploads, killed.signal),
        collecting(registry, removed, killed.signal),
      ]);
      await after(150 + roll(500));
      await registry.stop('SIGKILL');
      killed.abort();
      await load;
      expectWhole(registry.root);
      registry = await startOwnRegistry({ config: CONFIG, root: registry.root });
      await expectAllThere(registry, pushed);
      await goOn(registry, uploads);
    }
    expect(pushed.size).toBeGreaterThan(ROUNDS);
    expect(removed.count).toBeGreaterThan(ROUNDS);
    expect(await registry.stop()).toBe(0);
    expect(readdirSync(path.join(registry.root, 'tmp'))).toEqual([]);
    expect(existsSync(path.join(registry.root, 'control.sock'))).toBe(false);
  } finally {
    await registry.close();
  }
}, 180_000);

/** Pushes images, and notes those that the registry said it has taken. */
async function pushing({ domain }: OwnRegistry, prefix: string, pushed: Map<string, MadeManifest>, end: AbortSignal) {
  const url = `http://${domain}`;
  for (let n = 0; !end.aborted; n++) {
    try {
      const image = await newImage(url, NAME);
      const tag = `${prefix}-${n}`;
      const taken = (await putManifest(url, NAME, tag, image)).status === 201;
      if (taken) pushed.set(tag, image);
      // What this tag pointed at before is for retention and collection to remove.
      await putManifest(url, NAME, 'moving', await newImage(url, NAME));
    } catch {
      return; // it was killed
    }
  }
}

/** Sends uploads in chunks, never to their end. */
async function uploading({ domain }: OwnRegistry, uploads: Upload[], end: AbortSignal) {
  const url = `http://${domain}`;
  try {
    while (!end.aborted) {
      const bytes = newBlob(400_000);
      const begun = await call(url, 'POST', `/v2/${NAME}/blobs/uploads/`, { body: '' });
      const upload: Upload = { bytes, location: begun.headers.location ?? '', acknowledged: 0 };
      for (let at = 0; at < 300_000; at += 100_000) {
        const answer = await call(url, 'PATCH', upload.location, { body: bytes.subarray(at, at + 100_000) });
        expect(answer.status).toBe(202);
        upload.acknowledged = at + 100_000;
        if (at === 0) uploads.push(upload);
      }
    }
  } catch {
    return; // it was killed
  }
}

async function collecting({ root }: OwnRegistry, removed: { count: number }, end: AbortSignal) {
  while (!end.aborted) {
    try {
      await callControl(root, '/retention?dry-run=false');
      // Without grace: it takes what it finds, also blobs whose manifest is on its way.
      const done = await callControl(root, '/gc?dry-run=false&grace=0');
      if (isObject(done) && typeof done['removed'] === 'number') removed.count += done['removed'];
      await after(40);
    } catch {
      return; // it was killed
    }
  }
}

/** On disk: all bytes have the digest that they are named by, and whatever points at something has it. */
function expectWhole(root: string): void {
  const files = contentFiles(root);
  for (const file of files.keys()) {
    const [, algorithm, hex] = /^blobs\/(\w+)\/\w\w\/(\w+)$/.exec(file) ?? [];
    if (algorithm !== undefined)
      expect(
        createHash(algorithm)
          .update(readFileSync(path.join(root, file)))
          .digest('hex'),
      ).toBe(hex);
    const [, repository, manifest] = /^repositories\/(.+)\/_manifests\/sha256-(\w+)$/.exec(file) ?? [];
    if (manifest !== undefined) {
      const { blobs } = JSON.parse(readFileSync(path.join(root, file), 'utf8')) as { blobs: string[] };
      expect(files.has(content(manifest))).toBe(true);
      for (const digest of blobs) {
        expect(files.has(content(digest.slice(7)))).toBe(true);
        expect(files.has(`repositories/${repository}/_blobs/sha256-${digest.slice(7)}`)).toBe(true);
      }
    }
    const [, tagged] = /^repositories\/(.+)\/_tags\/.+$/.exec(file) ?? [];
    if (tagged !== undefined) {
      const { digest } = JSON.parse(readFileSync(path.join(root, file), 'utf8')) as { digest: string };
      expect(files.has(`repositories/${tagged}/_manifests/sha256-${digest.slice(7)}`)).toBe(true);
    }
  }
}

const content = (hex: string) => `blobs/sha256/${hex.slice(0, 2)}/${hex}`;

async function expectAllThere({ domain }: OwnRegistry, pushed: Map<string, MadeManifest>): Promise<void> {
  for (const [tag, image] of pushed) {
    const answer = await call(`http://${domain}`, 'GET', `/v2/${NAME}/manifests/${tag}`);
    expect(answer.status, tag).toBe(200);
    expect(answer.body.equals(image.bytes)).toBe(true);
    const { layers } = answer.json() as { layers: { digest: string }[] };
    for (const { digest } of layers) {
      const blob = await call(`http://${domain}`, 'GET', `/v2/${NAME}/blobs/${digest}`);
      expect(digestOf(blob.body)).toBe(digest);
    }
  }
}

/** Every upload of before the kill goes on from where it says it is, which is not before what was acknowledged. */
async function goOn({ domain }: OwnRegistry, uploads: Upload[]): Promise<void> {
  const url = `http://${domain}`;
  for (const { bytes, location, acknowledged } of uploads.splice(0)) {
    const status = await call(url, 'GET', location);
    expect(status.status).toBe(204);
    const size = Number(/^0-(\d+)$/.exec(String(status.headers.range))?.[1]) + 1;
    expect(size).toBeGreaterThanOrEqual(acknowledged);
    const digest = digestOf(bytes);
    const answer = await call(url, 'PUT', `${location}?digest=${digest}`, { body: bytes.subarray(size) });
    expect([answer.status, answer.body.toString()]).toEqual([201, '']);
    const pulled = await call(url, 'GET', `/v2/${NAME}/blobs/${digest}`);
    expect(pulled.body.equals(bytes)).toBe(true);
  }
}
