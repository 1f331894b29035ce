import { describe, expect, it } from 'vitest';
import type { Output } from '../streams.ts';
import { containerOutput } from './output.ts';

function recorder(): Output & { text: () => string; writes: number } {
  const parts: Uint8Array[] = [];
  return {
    write: (data) => void parts.push(typeof data === 'string' ? new TextEncoder().encode(data) : data.slice()),
    drain: async () => {},
    pending: 0,
    isTerminal: false,
    colors: false,
    size: () => undefined,
    text: () => Buffer.concat(parts).toString(),
    get writes() {
      return parts.length;
    },
  };
}

function frame(stream: number, text: string): Buffer {
  const head = Buffer.alloc(8);
  head[0] = stream;
  head.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([head, Buffer.from(text)]);
}

describe("a container's output", () => {
  it('parts stdout and stderr and joins neighbours into one write', () => {
    const [out, err] = [recorder(), recorder()];
    const sink = containerOutput({ out, err }, false);
    void sink(Buffer.concat([frame(1, 'a'), frame(1, 'b'), frame(2, 'e'), frame(1, 'c')]));
    expect([out.text(), err.text(), out.writes]).toEqual(['abc', 'e', 2]);
  });

  it('passes raw bytes through with a terminal', () => {
    const [out, err] = [recorder(), recorder()];
    void containerOutput({ out, err }, true)(Buffer.from([1, 0, 0, 0, 200]));
    expect([out.writes, err.writes]).toEqual([1, 0]);
  });

  it('reports an error that the engine puts into the stream', () => {
    const sink = containerOutput({ out: recorder(), err: recorder() }, false);
    expect(() => sink(frame(3, 'disk is gone'))).toThrow('disk is gone');
  });
});
