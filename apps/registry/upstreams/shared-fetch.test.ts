import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { afterEach, expect, test } from 'vitest';
import { contentDigest } from '../digest.ts';
import { openDisk } from '../storage/disk.ts';
import { KEYS } from '../storage/keys.ts';
import { SharedFetch } from './shared-fetch.ts';

const roots: string[] = [];
afterEach(() => {
  for (const root of roots.splice(0)) rmSync(root, { recursive: true, force: true });
});

async function open(bytes: Buffer) {
  const root = mkdtempSync(join(tmpdir(), 'berth-shared-fetch-'));
  roots.push(root);
  const driver = openDisk(root);
  const digest = contentDigest(bytes);
  const fetch = new SharedFetch({ driver, stage: await driver.stage(randomUUID()), digest, size: bytes.length });
  const settle = (stage: { promote(key: string): Promise<void> }) => stage.promote(KEYS.content(digest));
  return { fetch, settle };
}

/** In pieces of all sizes, as they come over a network: many at once, and then none for a while. */
async function* inPieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0, n = 0; at < bytes.length; n++) {
    const piece = 1 + ((n * 7919) % 65_536);
    yield bytes.subarray(at, at + piece);
    at += piece;
    if (n % 40 === 0) await sleep(1);
  }
}

test('everybody gets his bytes: who keeps up, who is behind what is in memory, who comes late, who wants a part', async () => {
  const bytes = randomBytes(12_000_000);
  const { fetch, settle } = await open(bytes);
  const read = async (start: number, end: number, pace: (n: number) => Promise<unknown>) => {
    const chunks: Uint8Array[] = [];
    let n = 0;
    for await (const chunk of fetch.read({ start, end })) {
      chunks.push(Buffer.from(chunk));
      await pace(n++);
    }
    return Buffer.concat(chunks).equals(bytes.subarray(start, end + 1));
  };
  const last = bytes.length - 1;
  const running = fetch.run(inPieces(bytes), settle);
  const readers = [
    read(0, last, turn),
    read(0, last, (n) => (n % 20 === 0 ? sleep(2) : turn())),
    read(0, last, () => sleep(1)),
    read(3_000_000, 9_999_999, turn),
    read(last, last, turn),
    sleep(20).then(() => read(0, last, turn)),
    sleep(40).then(() => read(1_000, last - 1, (n) => (n % 3 === 0 ? sleep(1) : turn()))),
  ];
  await running;
  expect(await Promise.all([...readers, read(0, last, turn)])).toEqual(Array(8).fill(true));
});

test('nobody gets the last byte of what is not right, however near he follows', async () => {
  const bytes = randomBytes(3_000_000);
  const { fetch, settle } = await open(bytes);
  const source = async function* () {
    yield* inPieces(bytes);
    throw new Error('it was another digest');
  };
  let got = 0;
  const reader = (async () => {
    for await (const chunk of fetch.read({ start: 0, end: bytes.length - 1 })) got += chunk.byteLength;
  })();
  await expect(Promise.all([fetch.run(source(), settle), reader])).rejects.toThrow('it was another digest');
  await expect(reader).rejects.toThrow('it was another digest');
  expect(got).toBeLessThan(bytes.length);
});
