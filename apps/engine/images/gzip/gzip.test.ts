import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, expect, test } from 'vitest';
import { createGzip } from './index.ts';

const dir = mkdtempSync(path.join(tmpdir(), 'berth-gzip-'));
const compressor = createGzip();
afterAll(async () => {
  await compressor.close();
  rmSync(dir, { recursive: true });
});
const file = path.join(dir, 'file');

async function gzip(bytes: Uint8Array): Promise<Buffer> {
  writeFileSync(file, bytes);
  const parts: Buffer[] = [];
  for await (const part of compressor.file(file)) parts.push(part);
  return Buffer.concat(parts);
}

const text = (size: number) => {
  const words = Array.from({ length: 5000 }, () =>
    randomBytes(4)
      .toString('hex')
      .slice(0, 3 + Math.random() * 5),
  );
  const chosen: string[] = [];
  for (let length = 0; length < size; ) {
    const word = words[Math.floor(Math.random() ** 3 * words.length)]!;
    chosen.push(word);
    length += word.length + 1;
  }
  return Buffer.from(chosen.join(' ')).subarray(0, size);
};

/** Dense files with headers of zeros between them. */
const tarLike = (size: number) => {
  const parts = Array.from({ length: Math.ceil(size / 4608) }, () => [Buffer.alloc(512, 'h'), randomBytes(4096)]);
  return Buffer.concat(parts.flat());
};

test.each([
  ['nothing', Buffer.alloc(0)],
  ['one byte', Buffer.from('x')],
  ['zeros', Buffer.alloc(3_000_000)],
  ['random bytes', randomBytes(1_000_001)],
  ['text', text(1_500_000)],
  ['a block exactly', text(1024 * 1024)],
  ['many small pictures', tarLike(2_500_000)],
  ['all of it', Buffer.concat([text(300_000), randomBytes(700_000), Buffer.alloc(500_000), text(99)])],
])('%s comes back', async (_what, bytes) => {
  const packed = await gzip(bytes);
  expect(gunzipSync(packed).equals(bytes)).toBe(true);
  // Another program as well.
  expect(execFileSync('gzip', ['-dc'], { input: packed, maxBuffer: 1e8 }).equals(bytes)).toBe(true);
});

test('is the same for the same bytes', async () => {
  const bytes = Buffer.concat([text(700_000), randomBytes(1_600_000), tarLike(2_000_000)]);
  expect((await gzip(bytes)).equals(await gzip(bytes))).toBe(true);
});

test('is not much larger than in one piece', async () => {
  const bytes = text(4_000_000);
  expect((await gzip(bytes)).length).toBeLessThan(gzipSync(bytes).length * 1.02);
  const dense = randomBytes(4_000_000);
  expect((await gzip(dense)).length).toBeLessThan(dense.length * 1.001);
  const pictures = tarLike(4_000_000);
  expect((await gzip(pictures)).length).toBeLessThan(gzipSync(pictures).length * 1.02);
  // Evenly spread, and yet it repeats itself.
  const repeated = Buffer.concat(
    Array.from({ length: 200 }, () => [dense.subarray(0, 16_000), Buffer.alloc(3000)]).flat(),
  );
  expect((await gzip(repeated)).length).toBeLessThan(gzipSync(repeated).length * 1.3);
});

test('can be called off, and says what is not there', async () => {
  writeFileSync(file, text(8_000_000));
  const abort = new AbortController();
  const all = async () => {
    for await (const _ of compressor.file(file, abort.signal)) abort.abort();
  };
  await expect(all()).rejects.toMatchObject({ name: 'AbortError' });
  await expect(compressor.file(path.join(dir, 'nothing')).next()).rejects.toMatchObject({ code: 'ENOENT' });
});
