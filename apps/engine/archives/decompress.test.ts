import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decompressed } from './decompress.ts';

const content = Buffer.concat([Buffer.alloc(300_000, 'a line of text\n'), randomBytes(100_000)]);

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 1000) yield bytes.subarray(at, at + 1000);
}

async function gather(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of decompressed(source)) all.push(Buffer.from(piece));
  return Buffer.concat(all);
}

function packed(program: string, ...args: string[]): Buffer {
  return execFileSync(program, args, { input: content, maxBuffer: 1 << 26 });
}

const packers: Record<string, () => Buffer> = {
  nothing: () => content,
  gzip: () => gzipSync(content),
  zstd: () => zstdCompressSync(content),
  xz: () => packed('xz', '-c'),
  bzip2: () => packed('bzip2', '-c'),
};

describe.each(Object.entries(packers))('an archive packed with %s', (name, pack) => {
  it('is unpacked', async () => {
    expect((await gather(pieces(pack()))).equals(content)).toBe(true);
  });

  it.skipIf(name === 'nothing')('is refused when it is cut or damaged', async () => {
    const bytes = pack();
    await expect(gather(pieces(bytes.subarray(0, bytes.length / 2)))).rejects.toMatchObject({ code: 'invalid' });
    // Zstandard as Node writes it has no checksum.
    if (name === 'zstd') return;
    const damaged = Buffer.from(bytes);
    const middle = Math.floor(bytes.length / 2);
    damaged.fill(0x55, middle, middle + 64);
    await expect(gather(pieces(damaged))).rejects.toMatchObject({ code: 'invalid' });
  });

  it('hands on what its source fails with', async () => {
    const failing = async function* () {
      yield pack().subarray(0, 5000);
      throw new Error('the client went away');
    };
    await expect(gather(failing())).rejects.toThrow('the client went away');
  });

  it('leaves no program behind when nobody reads on', async () => {
    const endless = async function* () {
      for (;;) yield pack();
    };
    for await (const _ of decompressed(endless())) break;
    await expect.poll(() => childrenCalled(name)).toEqual([]);
  });
});

it('gives an xz stream no more memory than is good for it', async () => {
  // A dictionary of 1 GiB, in a stream of a few bytes: made by hand of a small one's header.
  const bytes = execFileSync('xz', ['-c', '--format=xz', '--lzma2=dict=1GiB'], { input: Buffer.from('x') });
  await expect(gather(pieces(bytes))).rejects.toThrow(/cannot be decompressed \(.*[Mm]emory/);
});

function childrenCalled(name: string): string[] {
  const children = readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8').trim().split(' ').filter(Boolean);
  return children.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === name;
    } catch {
      return false; // ended meanwhile
    }
  });
}
