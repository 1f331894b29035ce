import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HEADROOM, type LogFormat, LogParser } from './parse.ts';

const FORMAT: LogFormat = {
  stdout: true,
  stderr: true,
  framed: true,
  timestamps: false,
  details: false,
  since: 0n,
  until: 0n,
};
const TIME = '2026-01-02T03:04:05.123456789+00:00';

const entry = (stream: string, tag: string, bytes: string | Buffer, time = TIME) =>
  Buffer.concat([Buffer.from(`${time} ${stream} ${tag} `), Buffer.from(bytes), Buffer.from('\n')]);

/** Parses `log` in pieces of `size` bytes, as a reader of a file would. */
function parse(log: Buffer, format: Partial<LogFormat>, size = log.length): Buffer {
  const parser = new LogParser({ ...FORMAT, ...format });
  const outputs: Buffer[] = [];
  let rest: Buffer = Buffer.alloc(0);
  for (let at = 0; at < log.length; at += size) {
    const piece = log.subarray(at, at + size);
    const buffer = Buffer.alloc(HEADROOM + piece.length);
    const start = HEADROOM - rest.length;
    rest.copy(buffer, start);
    piece.copy(buffer, HEADROOM);
    const whole = Buffer.concat([rest, piece]);
    const parsed = parser.parse(buffer, start, buffer.length);
    outputs.push(Buffer.from(parsed.output));
    rest = Buffer.from(whole.subarray(whole.length - parsed.rest));
  }
  return Buffer.concat(outputs);
}

/** Payloads of a framed stream, joined by stream. */
function demultiplex(framed: Buffer): { frames: number; stdout: Buffer; stderr: Buffer } {
  const parts: Record<number, Buffer[]> = { 1: [], 2: [] };
  let frames = 0;
  for (let at = 0; at < framed.length; frames++) {
    expect(framed.readUIntBE(at + 1, 3)).toBe(0);
    const length = framed.readUInt32BE(at + 4);
    parts[framed[at]!]!.push(framed.subarray(at + 8, at + 8 + length));
    at += 8 + length;
    expect(at).toBeLessThanOrEqual(framed.length);
  }
  return { frames, stdout: Buffer.concat(parts[1]!), stderr: Buffer.concat(parts[2]!) };
}

const BINARY = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte).filter((byte) => byte !== 10));
const LOG = Buffer.concat([
  entry('stdout', 'F', 'one'),
  entry('stdout', 'F', ''),
  entry('stderr', 'P', 'err '),
  entry('stdout', 'P', BINARY),
  entry('stderr', 'F', 'or'),
  entry('stdout', 'F', 'x'.repeat(9000)),
  entry('stdout', 'F', ' spaces '),
  entry('stdout', 'P', 'no newline at the end'),
]);
const STDOUT = Buffer.concat([
  Buffer.from('one\n\n'),
  BINARY,
  Buffer.from(`${'x'.repeat(9000)}\n spaces \nno newline at the end`),
]);

describe('byte for byte, wherever the pieces are cut', () => {
  test.each([1, 2, 7, 44, 45, 46, 100, 1000, 8192, LOG.length])('pieces of %i', (size) => {
    const { stdout, stderr } = demultiplex(parse(LOG, {}, size));
    expect(stdout.equals(STDOUT)).toBe(true);
    expect(stderr.toString()).toBe('err or\n');
    expect(parse(LOG, { framed: false, stderr: false }, size).equals(STDOUT)).toBe(true);
  });
});

test('lines of one stream share a frame', () => {
  const log = Buffer.concat([
    ...Array.from({ length: 100 }, (_, i) => entry('stdout', 'F', String(i))),
    entry('stderr', 'F', 'e'),
    entry('stdout', 'F', 'z'),
  ]);
  expect(demultiplex(parse(log, {})).frames).toBe(3);
});

test('an unwanted stream is left out', () => {
  const { stdout, stderr } = demultiplex(parse(LOG, { stdout: false }));
  expect([stdout.length, stderr.toString()]).toEqual([0, 'err or\n']);
});

describe('times', () => {
  test('one before each line, none inside a line', () => {
    const { stdout, frames } = demultiplex(
      parse(Buffer.concat([entry('stdout', 'P', 'a'), entry('stdout', 'F', 'b'), entry('stdout', 'F', 'c')]), {
        timestamps: true,
      }),
    );
    expect(stdout.toString()).toBe('2026-01-02T03:04:05.123456789Z ab\n2026-01-02T03:04:05.123456789Z c\n');
    expect(frames).toBe(3);
  });

  test.each([
    ['2026-01-01T00:30:05.000000001+01:00', '2025-12-31T23:30:05.000000001Z'],
    ['2024-02-28T23:30:05.999999999-05:30', '2024-02-29T05:00:05.999999999Z'],
  ])('%s is %s', (time, utc) => {
    expect(parse(entry('stdout', 'F', 'a', time), { timestamps: true, framed: false }).toString()).toBe(`${utc} a\n`);
  });

  test('details put a space', () => {
    expect(parse(entry('stdout', 'F', 'a'), { details: true, framed: false }).toString()).toBe(' a\n');
    expect(parse(entry('stdout', 'F', 'a'), { details: true, timestamps: true, framed: false }).toString()).toMatch(
      /Z {2}a\n$/,
    );
  });

  const at = (seconds: number, offset = '+00:00') =>
    `2026-01-02T03:04:${String(seconds).padStart(2, '0')}.500000000${offset}`;
  const timed = Buffer.concat([1, 2, 3, 4].map((second) => entry('stdout', 'F', String(second), at(second))));
  const nanos = (seconds: number, plus = 0n) =>
    BigInt(Date.UTC(2026, 0, 2, 3, 4, seconds)) * 1_000_000n + 500_000_000n + plus;

  test.each([
    ['since is inclusive', nanos(2), 0n, '2\n3\n4\n'],
    ['since by a nanosecond', nanos(2, 1n), 0n, '3\n4\n'],
    ['until is inclusive', 0n, nanos(3), '1\n2\n3\n'],
    ['until by a nanosecond', 0n, nanos(3, -1n), '1\n2\n'],
    ['both', nanos(2), nanos(3), '2\n3\n'],
  ])('%s', (_, since, until, expected) => {
    expect(parse(timed, { since, until, framed: false }).toString()).toBe(expected);
  });

  test('since with an offset', () => {
    const log = Buffer.concat([entry('stdout', 'F', 'a', at(1, '+01:00')), entry('stdout', 'F', 'b', at(5))]);
    expect(parse(log, { since: nanos(0), framed: false }).toString()).toBe('b\n');
  });
});

test('damaged entries are left out, the next one is found', () => {
  const log = Buffer.concat([
    entry('stdout', 'F', 'a'),
    Buffer.from('2026-01-02T03:04:05.1234\n'),
    Buffer.from(`${'garbage '.repeat(20)}\n\n`),
    entry('stdout', 'F', 'b'),
  ]);
  for (const size of [1, 50, log.length]) expect(parse(log, { framed: false }, size).toString()).toBe('a\nb\n');
});

test('any bytes in any entries, cut anywhere, come out as they went in', () => {
  const bytes = fc.uint8Array({ maxLength: 120 }).map((array) => Buffer.from(array.filter((byte) => byte !== 10)));
  const entries = fc.array(fc.tuple(fc.constantFrom('stdout', 'stderr'), fc.constantFrom('F', 'P'), bytes), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(entries, fc.integer({ min: 1, max: 300 }), (list, size) => {
      const log = Buffer.concat(list.map(([stream, tag, content]) => entry(stream, tag, content)));
      const wanted = (name: string) =>
        Buffer.concat(
          list.flatMap(([stream, tag, content]) =>
            stream === name ? [content, Buffer.from(tag === 'F' ? '\n' : '')] : [],
          ),
        );
      const { stdout, stderr } = demultiplex(parse(log, {}, size));
      return stdout.equals(wanted('stdout')) && stderr.equals(wanted('stderr'));
    }),
  );
});
