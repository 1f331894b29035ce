import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import { digestOf } from '@berth/oci';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { getXattr } from '../../../apps/engine/linux/xattr.ts';
import { describeTree } from './tree.ts';
import { archiveOf, limitsOf, openWorkshop } from './unpacking.ts';

const workshop = openWorkshop();
const canary = workshop.makeDirectory();
let before: unknown;
beforeAll(() => {
  writeFileSync(join(canary, 'file'), 'untouched', { mode: 0o600 });
  mkdirSync(join(canary, 'directory'), { mode: 0o700 });
  before = describeTree(canary);
});
afterEach(() => expect(describeTree(canary)).toEqual(before));
afterAll(() => workshop.close());

const up = '../'.repeat(20);
const link = (name: string, linkName: string) => ({ name, type: 'symlink' as const, linkName });
const file = (name: string, content = 'evil', mode = 0o6777) => ({ name, type: 'file' as const, content, mode });
const directory = (name: string, mode = 0o777) => ({ name, type: 'directory' as const, mode });

describe('nothing outside the layer is touched', () => {
  test('links to the outside lead nowhere, whatever is written through them', async () => {
    const targets = [
      canary,
      `${up}${canary.slice(1)}`,
      `/proc/self/root${canary}`,
      `/proc/self/cwd/${up}${canary.slice(1)}`,
    ];
    for (const target of targets) {
      // Inside the layer, the link leads to a place of that name in the layer: it is made there so that writing works.
      const { path } = await workshop
        .unpack(
          archiveOf([
            directory(`${canary.slice(1)}/directory`),
            directory(`proc/self/root${canary}/directory`),
            link('out', target),
            file('out/new'),
            file('out/file'),
            directory('out/directory'),
            { name: 'out/hard', type: 'hardlink', linkName: 'out/file' },
            { name: 'out/device', type: 'char', deviceMajor: 1, deviceMinor: 3 },
            file('out/.wh.file', ''),
            file('out/.wh..wh..opq', ''),
          ]),
        )
        .catch((error: unknown) => ({ path: String(error) }));
      // Either refused, or written inside.
      expect(
        path.includes('invalid layer archive') ||
          existsSync(join(path, canary, 'new')) ||
          existsSync(join(path, 'proc')),
      ).toBe(true);
    }
  });

  test('an entry with the name of a link replaces the link', async () => {
    const { path } = await workshop.unpack(
      archiveOf([
        link('f', join(canary, 'file')),
        file('f'),
        link('d', join(canary, 'directory')),
        directory('d', 0o4777),
      ]),
    );
    expect(readFileSync(join(path, 'f'), 'utf8')).toBe('evil');
    expect(statSync(join(path, 'd')).mode & 0o7777).toBe(0o4777);
  });

  test('links keep their targets as they are', async () => {
    const { path } = await workshop.unpack(archiveOf([link('abs', canary), link('rel', `${up}etc`)]));
    expect(readlinkSync(join(path, 'abs'))).toBe(canary);
  });

  test('absolute names and names with .. inside are taken relative to the layer', async () => {
    const { path } = await workshop.unpack(archiveOf([file('/abs/x'), file('a/../b/./c')]));
    expect(readdirSync(path).sort()).toEqual(['abs', 'b']);
  });

  test('a layer may not plant orders for overlayfs', async () => {
    const xattrs = new Map([
      ['trusted.overlay.redirect', Buffer.from('/etc')],
      ['trusted.overlay.opaque', Buffer.from('y')],
      ['trusted.overlay.metacopy', Buffer.alloc(0)],
    ]);
    const { path } = await workshop.unpack(archiveOf([{ ...directory('d'), xattrs }]));
    for (const name of xattrs.keys()) expect(getXattr(join(path, 'd'), name)).toBeUndefined();
  });
});

describe('refused', () => {
  test.each([
    ['a name that leads out', [file(`${up}evil`)]],
    ['a name that leads out in the middle', [file('a/../../evil')]],
    ['a hard link out', [{ name: 'h', type: 'hardlink' as const, linkName: `${up}etc/passwd` }]],
    ['a hard link to a file of the host', [{ name: 'h', type: 'hardlink' as const, linkName: '/etc/passwd' }]],
    ['a hard link to nothing', [{ name: 'h', type: 'hardlink' as const, linkName: 'nothing' }]],
    ['a name of 256 bytes', [file('n'.repeat(256))]],
    ['a path of 4,000 bytes', [file(`${'d/'.repeat(2000)}f`)]],
    ['a link without target', [link('l', '')]],
    ['a link target of 5,000 bytes', [link('l', 't'.repeat(5000))]],
    ['a name with NUL', [file('a\0b'.padEnd(200, 'x'))]],
    ['a root that is a file', [file('.')]],
    ['a root that is a link', [link('./', '/etc')]],
    ['a file below a file', [file('a'), file('a/b')]],
    ['a file below a dangling link', [link('a', 'nowhere'), file('a/b')]],
    ['links in a circle', [link('a', 'b'), link('b', 'a'), file('a/c')]],
    ['a whiteout without name', [file('.wh.', '')]],
    ['a whiteout of ..', [file('a/.wh...', '')]],
    ['something below a whiteout', [file('.wh.a/b')]],
    ['an owner that chown(2) would not set', [{ ...file('a'), uid: 0xffffffff }]],
    ['an owner of 2^40', [{ ...file('a'), uid: 2 ** 40 }]],
  ])('%s', async (_what, entries) => {
    await expect(workshop.unpack(archiveOf(entries))).rejects.toMatchObject({ code: 'invalid' });
  });

  test('other content than the image says', async () => {
    await expect(workshop.unpack(archiveOf([file('a')]), { uncompressed: Buffer.from('other') })).rejects.toThrow(
      `the image says ${digestOf('other')}`,
    );
  });

  test.each([
    ['cut off in a file', (archive: Buffer) => archive.subarray(0, 700)],
    ['cut off in a header', (archive: Buffer) => archive.subarray(0, 300)],
    ['no tar at all', () => Buffer.alloc(2048, 'x')],
    ['a broken checksum', (archive: Buffer) => Buffer.concat([Buffer.from('z'), archive.subarray(1)])],
    ['an unknown type of entry', (archive: Buffer) => withFlag(archive, 'M')],
  ])('%s', async (_what, damage) => {
    await expect(workshop.unpack(damage(archiveOf([file('a', 'x'.repeat(1000))])))).rejects.toMatchObject({
      code: 'invalid',
    });
  });

  test('compressed data that is cut off or broken', async () => {
    const archive = archiveOf([file('a', 'x'.repeat(100_000))]);
    const packed = gzipSync(archive);
    for (const bytes of [
      packed.subarray(0, -20),
      Buffer.concat([packed.subarray(0, 50), Buffer.alloc(100)]),
      Buffer.from('no gzip'),
    ]) {
      await expect(workshop.unpack(bytes, { compression: 'gzip', uncompressed: archive })).rejects.toMatchObject({
        code: 'invalid',
      });
    }
    await expect(workshop.unpack(packed, { compression: 'zstd', uncompressed: archive })).rejects.toMatchObject({
      code: 'invalid',
    });
  });
});

describe('bounded', () => {
  test('a small archive of much', async () => {
    const bomb = gzipSync(archiveOf([file('zeros', '\0'.repeat(60_000_000))]));
    expect(bomb.length).toBeLessThan(100_000);
    await expect(workshop.unpack(bomb, { compression: 'gzip', maxBytes: 5_000_000 })).rejects.toThrow(
      'more than 5000000 bytes',
    );
  });

  test('by what came of it, whatever size was announced', async () => {
    const bomb = gzipSync(archiveOf([file('zeros', '\0'.repeat(60_000_000))]));
    const bounds = { maxBytes: Number.MAX_SAFE_INTEGER, minBytes: 1_000_000, growth: 10 };
    await expect(workshop.unpack(bomb, { compression: 'gzip', bounds })).rejects.toThrow(/it has more than \d+ bytes/);
    const fits = { ...bounds, growth: 61_000_000 / bomb.length };
    const { size } = await workshop.unpack(bomb, {
      compression: 'gzip',
      uncompressed: archiveOf([file('zeros', '\0'.repeat(60_000_000))]),
      bounds: fits,
    });
    expect(size).toBe(60_000_000);
  });

  test('a check of an archive writes nothing', async () => {
    const archive = archiveOf([file('a')]);
    const target = workshop.makeDirectory();
    const check = (diffId: string) =>
      workshop.unpacker.unpack({
        ...{ directory: target, isCheck: true, compression: 'none', isVerified: false, limits: limitsOf() },
        diffId: digestOf(diffId === '' ? archive : diffId),
        source: { stream: Readable.from([archive]) },
        signal: undefined,
      });
    await check('');
    await expect(check('other')).rejects.toThrow('its content has digest');
    expect(readdirSync(target)).toEqual([]);
  });

  test('many entries', async () => {
    const many = archiveOf(Array.from({ length: 60 }, (_, n) => directory(`d${n}`)));
    await expect(workshop.unpack(many, { maxEntries: 50 })).rejects.toThrow('more than 50 entries');
  });

  test('an announced size, and a sparse file, beyond the bound', async () => {
    const announced = archiveOf([{ name: 'f', type: 'file', size: 2 ** 50 }]);
    await expect(workshop.unpack(announced)).rejects.toThrow('its files have more than');
  });

  test('a pax header beyond its bound', async () => {
    const xattrs = new Map([['user.big', Buffer.alloc(2 * 1024 * 1024)]]);
    await expect(workshop.unpack(archiveOf([{ ...file('f'), xattrs }]))).rejects.toThrow('extended header is too long');
  });
});

test('a worker is as good as new after a refusal, and ends when idle', async () => {
  await expect(workshop.unpack(archiveOf([file(`${up}evil`)]))).rejects.toThrow();
  const { path } = await workshop.unpack(archiveOf([file('good', 'good', 0o644)]));
  expect(readFileSync(join(path, 'good'), 'utf8')).toBe('good');
});

test('a job can be called off while its archive comes in', async () => {
  const abort = new AbortController();
  async function* endless() {
    yield archiveOf([file('a')]).subarray(0, 1024);
    abort.abort();
    await new Promise<never>(() => undefined);
  }
  const job = workshop.unpacker.unpack({
    directory: workshop.makeDirectory(),
    diffId: digestOf(''),
    compression: 'none',
    isVerified: false,
    limits: limitsOf(1e6, 10),
    source: { stream: endless() },
    signal: abort.signal,
  });
  await expect(job).rejects.toMatchObject({ code: 'canceled' });
});

test('a source that breaks ends the job', async () => {
  // biome-ignore lint/correctness/useYield: it breaks before its first piece
  async function* broken(): AsyncGenerator<Buffer> {
    throw new Error('connection lost');
  }
  const job = workshop.unpacker.unpack({
    directory: workshop.makeDirectory(),
    diffId: digestOf(''),
    compression: 'none',
    isVerified: false,
    limits: limitsOf(1e6, 10),
    source: { stream: broken() },
    signal: undefined,
  });
  await expect(job).rejects.toThrow('connection lost');
});

/** The first entry with another type flag and a right checksum. */
function withFlag(archive: Buffer, flag: string): Buffer {
  const changed = Buffer.from(archive);
  const sum = Number.parseInt(changed.toString('latin1', 148, 154), 8) - changed[156]! + flag.charCodeAt(0);
  changed.write(flag, 156, 'latin1');
  changed.write(sum.toString(8).padStart(6, '0'), 148, 'latin1');
  return changed;
}
