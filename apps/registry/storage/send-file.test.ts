import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readlinkSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Writable } from 'node:stream';
import { setTimeout as after } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDisk } from './disk.ts';

const root = mkdtempSync(join(tmpdir(), 'berth-send-'));
const disk = openDisk(root);
const bytes = randomBytes(1_300_000);
beforeAll(() => disk.write('a/b', bytes));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const isOpen = () =>
  readdirSync('/proc/self/fd').some((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(root, 'a'));
    } catch {
      return false; // the folder that was just read
    }
  });

/** As a socket: bytes are taken, then the writer is told. */
function taking(parts: Buffer[], delayMs = 0): Writable {
  return new Writable({
    highWaterMark: 1,
    write(chunk: Buffer, _, done) {
      const take = () => {
        parts.push(Buffer.from(chunk));
        done();
      };
      if (delayMs === 0) take();
      else void after(delayMs).then(take);
    },
  });
}

test.each([
  [0, 1_299_999],
  [0, 0],
  [5, 262_148],
  [262_144, 524_288],
  [1_299_999, 1_299_999],
])('bytes %i to %i arrive as they are', async (start, end) => {
  const sender = (await disk.sender!('a/b', { start, end }))!;
  const parts: Buffer[] = [];
  await sender.sendTo(taking(parts));
  expect(Buffer.concat(parts).equals(bytes.subarray(start, end + 1))).toBe(true);
  expect(isOpen()).toBe(false);
});

test('a slow reader gets the right bytes: memory is not used again before it was taken', async () => {
  const sender = (await disk.sender!('a/b'))!;
  const parts: Buffer[] = [];
  const slow = taking(parts, 3);
  await Promise.all([sender.sendTo(slow), new Promise((end) => slow.once('finish', end))]);
  expect(Buffer.concat(parts).equals(bytes)).toBe(true);
});

test('a reader that goes away, before or in between: it fails, and the file is closed', async () => {
  for (const early of [true, false]) {
    const sender = (await disk.sender!('a/b'))!;
    const sink = new Writable({ write() {} }); // takes nothing
    if (early) sink.destroy();
    const sending = sender.sendTo(sink);
    if (!early) void after(20).then(() => sink.destroy());
    await expect(sending).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_STREAM_/) });
    await sender.close();
    expect(isOpen()).toBe(false);
  }
});

test('a file that became shorter is not sent as a whole one; one that is not sent is closed', async () => {
  writeFileSync(join(root, 'a/c'), bytes);
  const [sender, unused] = [(await disk.sender!('a/c', { start: 0, end: 1_299_999 }))!, (await disk.sender!('a/c'))!];
  truncateSync(join(root, 'a/c'), 1000);
  const sink = new PassThrough();
  sink.resume();
  await expect(sender.sendTo(sink)).rejects.toThrow('shorter');
  await unused.close();
  expect([isOpen(), await disk.sender!('a/nothing')]).toEqual([false, undefined]);
});
