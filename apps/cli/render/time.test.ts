import { afterEach, describe, expect, it } from 'vitest';
import { ansiC, goDuration, goTimeString, goTimeText, parseInstant, rfc3339, rfc3339Nano } from './time.ts';

const before = process.env.TZ;
afterEach(() => {
  if (before === undefined) delete process.env.TZ;
  else process.env.TZ = before;
});

const at = { seconds: 1_763_694_724, fraction: 0 };

describe("times in Go's words", () => {
  it.each([
    ['UTC', '2025-11-21 03:12:04 +0000 UTC', '2025-11-21T03:12:04Z'],
    ['Europe/Berlin', '2025-11-21 04:12:04 +0100 CET', '2025-11-21T04:12:04+01:00'],
    ['Asia/Kolkata', '2025-11-21 08:42:04 +0530 IST', '2025-11-21T08:42:04+05:30'],
    ['America/New_York', '2025-11-20 22:12:04 -0500 EST', '2025-11-20T22:12:04-05:00'],
  ])('%s', (zone, text, short) => {
    process.env.TZ = zone;
    expect(goTimeString(at)).toBe(text);
    expect(rfc3339(at)).toBe(short);
  });

  it('keeps nanoseconds', () => {
    process.env.TZ = 'UTC';
    expect(goTimeString({ ...at, fraction: 120_000_000 })).toBe('2025-11-21 03:12:04.12 +0000 UTC');
    expect(rfc3339Nano({ ...at, fraction: 5 })).toBe('2025-11-21T03:12:04.000000005Z');
  });

  it('keeps the zone of a text', () => {
    process.env.TZ = 'UTC';
    expect(goTimeText('2026-11-20T11:00:00.5+01:00')).toBe('2026-11-20 11:00:00.5 +0100 +0100');
    expect(goTimeText('0001-01-01T00:00:00Z')).toBe('0001-01-01 00:00:00 +0000 UTC');
    expect(goTimeText('no time')).toBe('no time');
  });

  it('reads RFC 3339 and nothing else', () => {
    expect(parseInstant('2026-11-20T10:00:00.123456789Z')).toEqual({ seconds: 1_795_168_800, fraction: 123_456_789 });
    expect(parseInstant('2026-11-20')).toBeUndefined();
  });

  it("writes C's form", () => expect(ansiC({ seconds: 1_748_606_834, fraction: 0 })).toBe('Fri May 30 12:07:14 2025'));

  it.each([
    [0, '0s'],
    [5, '5ns'],
    [1500, '1.5µs'],
    [100e6, '100ms'],
    [30e9, '30s'],
    [90.5e9, '1m30.5s'],
    [3600e9, '1h0m0s'],
    [-2e9, '-2s'],
  ])('%d ns is %s', (nanos, text) => expect(goDuration(nanos)).toBe(text));
});
