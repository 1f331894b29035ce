import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader, type FrameStream } from './stdcopy.ts';

function frame(stream: number, payload: Uint8Array): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(payload.length, 4);
  return Buffer.concat([head, payload]);
}

function read(chunks: readonly Uint8Array[]) {
  const seen: Record<FrameStream, Buffer[]> = { stdin: [], stdout: [], stderr: [], system: [] };
  const reader = new FrameReader();
  for (const chunk of chunks) reader.push(chunk, (stream, data) => seen[stream].push(Buffer.from(data)));
  return { out: Buffer.concat(seen.stdout), err: Buffer.concat(seen.stderr), whole: reader.atBoundary };
}

describe('the multiplexed stream', () => {
  it('comes apart the same however it is cut', () => {
    const part = fc.record({ stream: fc.constantFrom(1, 2), payload: fc.uint8Array({ maxLength: 300 }) });
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 20 }),
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }),
        (parts, cuts) => {
          const whole = Buffer.concat(parts.map(({ stream, payload }) => frame(stream, payload)));
          const chunks: Buffer[] = [];
          for (let at = 0, i = 0; at < whole.length; i++) {
            const size = cuts[i % cuts.length] ?? 1;
            chunks.push(whole.subarray(at, at + size));
            at += size;
          }
          const of = (stream: number) => Buffer.concat(parts.filter((p) => p.stream === stream).map((p) => p.payload));
          expect(read(chunks)).toEqual({ out: of(1), err: of(2), whole: true });
        },
      ),
    );
  });

  it('says when it was cut off', () => {
    expect(read([frame(1, Buffer.from('abc')).subarray(0, 10)]).whole).toBe(false);
    expect(read([Buffer.from([1, 0, 0])]).whole).toBe(false);
  });

  it('refuses what is no frame', () => {
    expect(() => read([Buffer.from('hello world')])).toThrow('Unrecognized input header: 104');
  });

  it('knows lengths of 2 GiB and more', () => {
    const reader = new FrameReader();
    let got = 0;
    reader.push(Buffer.from([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3]), (_stream, data) => {
      got += data.length;
    });
    expect([got, reader.atBoundary]).toEqual([3, false]);
  });
});
