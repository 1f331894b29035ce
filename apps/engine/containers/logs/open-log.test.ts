import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LogsOptions } from '../service.ts';
import { LogTail } from './log-tail.ts';
import { openLog } from './open-log.ts';
import { LogParser } from './parse.ts';

let dir: string;
let path: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'berth-logs-'));
  path = join(dir, 'container.log');
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const ALL: LogsOptions = {
  stdout: true,
  stderr: true,
  follow: false,
  since: 0n,
  until: 0n,
  timestamps: false,
  details: false,
  tail: -1,
};

const entry = (bytes: string, tag = 'F', stream = 'stdout', time = '2026-01-02T03:04:05.123456789+00:00') =>
  `${time} ${stream} ${tag} ${bytes}\n`;
const lines = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
const entries = (from: number, to: number) =>
  lines(from, to)
    .map((line) => entry(line))
    .join('');
const output = (from: number, to: number) =>
  lines(from, to)
    .map((line) => `${line}\n`)
    .join('');

const read = (options: Partial<LogsOptions> = {}) => text(openLog(path, { ...ALL, ...options }, { tty: true }));

describe('without following', () => {
  test('no file is an empty log', async () => {
    expect(await read()).toBe('');
    expect(await read({ tail: 5 })).toBe('');
  });

  test('rotated files first', async () => {
    writeFileSync(`${path}.1`, entries(0, 10));
    writeFileSync(`${path}.2`, entries(10, 20));
    writeFileSync(path, entries(20, 30));
    writeFileSync(`${path}.old`, entries(50, 60));
    expect(await read()).toBe(output(0, 30));
  });

  test.each([0, 1, 2, 9, 10, 11, 15, 25, 30, 31, 1000])('the last %i lines, also of rotated files', async (tail) => {
    writeFileSync(`${path}.1`, entries(0, 20));
    writeFileSync(path, entries(20, 30));
    expect(await read({ tail })).toBe(output(Math.max(0, 30 - tail), 30));
  });

  test('the end of a file larger than a block, with lines across its bounds', async () => {
    writeFileSync(path, entries(0, 20_000));
    for (const tail of [1, 5000, 12_345, 19_999]) expect(await read({ tail })).toBe(output(20_000 - tail, 20_000));
  });

  test('partial entries are one line', async () => {
    writeFileSync(path, entry('a') + entry('b', 'P') + entry('c', 'P') + entry('d') + entry('e', 'P'));
    expect(await read({ tail: 1 })).toBe('e');
    expect(await read({ tail: 2 })).toBe('bcd\ne');
    expect(await read({ tail: 3 })).toBe('a\nbcd\ne');
  });

  test('only lines of the wanted stream count', async () => {
    writeFileSync(path, entry('a') + entry('b') + entry('x', 'F', 'stderr') + entry('y', 'F', 'stderr'));
    expect(await read({ tail: 1, stderr: false })).toBe('b\n');
    expect(await read({ tail: 1 })).toBe('y\n');
  });

  test('frames without a TTY', async () => {
    writeFileSync(path, entry('a') + entry('b', 'F', 'stderr'));
    expect(await text(openLog(path, ALL, { tty: false }))).toBe('\x01\0\0\0\0\0\0\x02a\n\x02\0\0\0\0\0\0\x02b\n');
  });

  test('compressed files, also backwards', async () => {
    writeFileSync(`${path}.1.gz`, gzipSync(entries(0, 20)));
    writeFileSync(`${path}.2`, entries(20, 30));
    writeFileSync(`${path}.2.gz`, 'left by an engine that was killed while it compressed');
    writeFileSync(path, entries(30, 40));
    expect(await read()).toBe(output(0, 40));
    expect(await read({ tail: 25 })).toBe(output(15, 40));
    expect(readdirSync(dir).sort()).toEqual([
      'container.log',
      'container.log.1.gz',
      'container.log.2',
      'container.log.2.gz',
    ]);
  });

  test('details: attributes before each line, after its time; a line in parts has them once', async () => {
    writeFileSync(path, entry('a') + entry('b', 'P') + entry('c') + entry('e', 'F', 'stderr'));
    const attributes = `${'long='.repeat(40)}x`;
    const all = { ...ALL, details: true };
    const show = (options: LogsOptions, tty: boolean) => text(openLog(path, options, { tty, attributes }));
    expect(await show(all, true)).toBe(`${attributes} a\n${attributes} bc\n${attributes} e\n`);
    expect(await show({ ...all, timestamps: true, tail: 1 }, true)).toBe(
      `2026-01-02T03:04:05.123456789Z ${attributes} e\n`,
    );
    const framed = await buffer(openLog(path, { ...all, stdout: false }, { tty: false, attributes }));
    expect([framed.readUInt32BE(4), framed.subarray(8).toString()]).toEqual([framed.length - 8, `${attributes} e\n`]);
    expect(await text(openLog(path, all, { tty: true }))).toBe(' a\n bc\n e\n');
  });

  test('what is written after the beginning is not read', async () => {
    writeFileSync(path, entries(0, 5));
    const stream = openLog(path, ALL, { tty: true });
    const chunks: string[] = [];
    for await (const chunk of stream) {
      chunks.push(String(chunk));
      appendFileSync(path, entries(5, 6));
    }
    expect(chunks.join('')).toBe(output(0, 5));
  });
});

/** Collects what a following reader gives; `until` waits for output to be there, whatever the timing. */
function follow(options: Partial<LogsOptions> = {}) {
  const ended = new AbortController();
  const stream = openLog(path, { ...ALL, follow: true, ...options }, { tty: true, ended: ended.signal });
  let got = '';
  let finished = false;
  stream.on('data', (chunk) => {
    got += chunk;
  });
  const end = new Promise<void>((resolve) => {
    stream.on('close', () => {
      finished = true;
      resolve();
    });
  });
  const until = async (wanted: string) => {
    while (got !== wanted && !finished && got.length <= wanted.length) await setImmediate();
    expect(got).toBe(wanted);
  };
  return { stream, ended, end, until, isFinished: () => finished };
}

describe('following', () => {
  test('gives lines as they come and ends when the container has ended', async () => {
    writeFileSync(path, entries(0, 3));
    const { ended, end, until, isFinished } = follow({ tail: 1 });
    await until(output(2, 3));
    appendFileSync(path, entries(3, 4));
    await until(output(2, 4));
    expect(isFinished()).toBe(false);
    appendFileSync(path, entries(4, 6));
    ended.abort();
    await end;
    await until(output(2, 6));
  });

  test('a container that has ended already', async () => {
    writeFileSync(path, entries(0, 3));
    const { ended, end, until } = follow();
    ended.abort();
    await end;
    await until(output(0, 3));
  });

  test('half a header and half a line', async () => {
    writeFileSync(path, '');
    const { stream, until } = follow();
    const whole = entry('first') + entry('second');
    let written = 0;
    for (const upTo of [20, 47, 60, whole.length]) {
      appendFileSync(path, whole.slice(written, upTo));
      written = upTo;
      await setImmediate();
    }
    await until('first\nsecond\n');
    stream.destroy();
  });

  test('goes on in the new file after rotation, and misses nothing', async () => {
    writeFileSync(path, entries(0, 3));
    const { ended, end, until } = follow();
    await until(output(0, 3));
    appendFileSync(path, entries(3, 4));
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, entries(4, 5));
    writeFileSync(path, entries(5, 6));
    await until(output(0, 6));
    renameSync(path, `${path}.2`);
    writeFileSync(path, entries(6, 7));
    renameSync(path, `${path}.3`);
    writeFileSync(path, entries(7, 8));
    ended.abort();
    await end;
    await until(output(0, 8));
  });

  test('a truncated file is read from its start', async () => {
    writeFileSync(path, entries(0, 30));
    const { stream, until } = follow();
    await until(output(0, 30));
    truncateSync(path, 0);
    appendFileSync(path, entries(40, 41));
    await until(output(0, 30) + output(40, 41));
    stream.destroy();
  });

  test('waits for a file that is not there yet', async () => {
    const { ended, end, until } = follow();
    writeFileSync(path, entries(0, 1));
    await until(output(0, 1));
    ended.abort();
    await end;
  });

  test('ends when the time is over', async () => {
    writeFileSync(path, entries(0, 1));
    const { end, until } = follow({ until: (BigInt(Date.now()) + 50n) * 1_000_000n });
    await end;
    await until(output(0, 1));
  });

  test('destroying the stream while it waits ends the reader', async () => {
    writeFileSync(path, entries(0, 1));
    const { stream, end, until } = follow();
    await until(output(0, 1));
    stream.destroy();
    await end;
  });
});

describe('LogTail', () => {
  const tailFrom = (offset: number, framed = false) =>
    new LogTail(path, async () => ({ number: 1, offset }), ALL, new LogParser({ ...ALL, framed }));

  test('reads no further than asked', async () => {
    writeFileSync(path, entries(0, 100_000));
    const tail = tailFrom(0, true);
    const first = await tail.next();
    if (first.done) throw new Error('nothing was read');
    expect(first.value.length).toBeLessThan(256 * 1024);
    await tail.return();
    expect((await tail.next()).done).toBe(true);
  });

  test('starts at an offset', async () => {
    const before = entries(0, 3);
    writeFileSync(path, before + entries(3, 4));
    const tail = tailFrom(before.length);
    expect(String((await tail.next()).value)).toBe(output(3, 4));
    await tail.return();
  });

  test('leaves no file open when it is returned from while it opens or reads one', async () => {
    writeFileSync(path, entries(0, 10));
    const isOpen = () => readdirSync('/proc/self/fd').some((fd) => targetOf(fd) === path);
    for (let turns = 0; turns < 20; turns++) {
      const tail = tailFrom(0);
      const next = tail.next();
      for (let n = 0; n < turns; n++) await Promise.resolve();
      if (turns > 15) await setImmediate();
      await Promise.all([tail.return(), next.catch(() => undefined)]);
      expect(isOpen()).toBe(false);
    }
  });
});

function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // of the listing itself
  }
}
