import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  encodeTarFile,
  encodeTarHeader,
  readTar,
  TAR_END,
  type TarEntry,
  type TarEntryInit,
  TarParser,
} from './index.ts';

const ENTRIES: (TarEntryInit & { content?: string })[] = [
  { name: 'd/', type: 'directory', mode: 0o1777, uid: 5, gid: 6, mtime: 1_700_000_000_000_000_000n },
  { name: 'd/file', type: 'file', mode: 0o4755, content: 'content' },
  { name: `d/${'long/'.repeat(40)}file`, type: 'file', content: 'x'.repeat(512) },
  { name: Buffer.from([0x6c, 0xe4, 0xff]), type: 'file', content: '' },
  { name: 'ü', type: 'symlink', linkName: 'ö'.repeat(90) },
  { name: 'hard', type: 'hardlink', linkName: 'd/file' },
  { name: 'c', type: 'char', deviceMajor: 5, deviceMinor: 3_000_000 },
  { name: 'b', type: 'block', deviceMajor: 259, deviceMinor: 1 },
  { name: 'p', type: 'fifo' },
  { name: 'far', type: 'file', uid: 3_000_000, gid: 4_294_967_294, mtime: -1_500_000_001n, content: 'y' },
  {
    name: 'x',
    type: 'file',
    mtime: 1n,
    xattrs: new Map([
      ['user.b', Buffer.from([0, 10, 61])],
      ['user.a', Buffer.alloc(0)],
    ]),
    content: 'z',
  },
];

function archive(): Buffer {
  const parts = ENTRIES.map(({ content, ...entry }) =>
    content === undefined ? encodeTarHeader(entry) : encodeTarFile(entry, Buffer.from(content)),
  );
  return Buffer.concat([...parts, TAR_END]);
}

async function parse(bytes: Buffer, pieceSize = 64 * 1024) {
  const found: { entry: TarEntry; content: string }[] = [];
  async function* pieces() {
    for (let at = 0; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize);
  }
  await readTar(pieces(), async ({ entry, content }) => {
    let text = '';
    for await (const piece of content) text += piece.toString('latin1');
    found.push({ entry, content: text });
  });
  return found;
}

test('what is written reads back the same, in pieces of any size', async () => {
  const expected = ENTRIES.map(({ content, ...entry }) => ({
    entry: {
      mode: entry.type === 'directory' ? 0o755 : entry.type === 'symlink' ? 0o777 : 0o644,
      uid: 0,
      gid: 0,
      mtime: 0n,
      deviceMajor: 0,
      deviceMinor: 0,
      xattrs: new Map(),
      ...entry,
      size: content?.length ?? 0,
      name: Buffer.from(entry.name),
      linkName: Buffer.from(entry.linkName ?? ''),
    },
    content: content ?? '',
  }));
  for (const size of [1, 511, 512, 513, 1_000_000]) expect(await parse(archive(), size)).toEqual(expected);
});

test('equal entries give equal bytes', () => {
  expect(archive()).toEqual(archive());
});

test('GNU tar reads what we write', () => {
  const list = execFileSync('tar', ['-tv', '--numeric-owner', '--full-time', '--quoting-style=escape', '--xattrs'], {
    input: archive(),
    encoding: 'utf8',
    env: { ...process.env, TZ: 'UTC', LC_ALL: 'C' },
  });
  const lines = list.split('\n').map((line) => line.replace(/ +/g, ' '));
  expect(lines).toEqual([
    'drwxrwxrwt 5/6 0 2023-11-14 22:13:20 d/',
    '-rwsr-xr-x 0/0 7 1970-01-01 00:00:00 d/file',
    `-rw-r--r-- 0/0 512 1970-01-01 00:00:00 d/${'long/'.repeat(40)}file`,
    '-rw-r--r-- 0/0 0 1970-01-01 00:00:00 l\\344\\377',
    `lrwxrwxrwx 0/0 0 1970-01-01 00:00:00 \\303\\274 -> ${'\\303\\266'.repeat(90)}`,
    'hrw-r--r-- 0/0 0 1970-01-01 00:00:00 hard link to d/file',
    'crw-r--r-- 0/0 5,3000000 1970-01-01 00:00:00 c',
    'brw-r--r-- 0/0 259,1 1970-01-01 00:00:00 b',
    'prw-r--r-- 0/0 0 1970-01-01 00:00:00 p',
    // It shows seconds and fraction of a negative time apart: this is -1.500000001.
    '-rw-r--r-- 3000000/4294967294 1 1969-12-31 23:59:59.500000001 far',
    '-rw-r--r--* 0/0 1 1970-01-01 00:00:00.000000001 x',
    '',
  ]);
});

test('names in the ustar prefix, and old archives without ustar', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-tar-'));
  try {
    const name = `${'p'.repeat(120)}/${'n'.repeat(90)}`;
    execFileSync('sh', ['-c', `mkdir ${'p'.repeat(120)} && echo -n hi > ${name}`], { cwd: directory });
    for (const format of ['ustar', 'v7', 'oldgnu']) {
      const files = format === 'v7' ? readdirSync(directory).slice(0, 0).concat('short') : [name];
      if (format === 'v7') execFileSync('sh', ['-c', 'mkdir short && echo -n hi > short/f'], { cwd: directory });
      const bytes = execFileSync('tar', ['-c', `--format=${format}`, ...files], { cwd: directory });
      const found = await parse(bytes);
      expect(found.at(-1)).toMatchObject({ content: 'hi', entry: { type: 'file' } });
      expect(found.at(-1)?.entry.name.toString()).toBe(format === 'v7' ? 'short/f' : name);
      if (format === 'v7') expect(found[0]?.entry.type).toBe('directory');
    }
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('base-256 numbers are bounded', () => {
  const block = encodeTarHeader({ name: 'f', type: 'file' });
  block.fill(0xff, 124, 136);
  block.write('        ', 148);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0`,
    148,
  );
  expect(() => [...new TarParser().push(block)]).toThrow('negative size');
});

test('whatever is changed in an archive, it reads or is refused as invalid', () => {
  const good = archive();
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      fc.nat(good.length),
      fc.boolean(),
      (changes, cut, fixSums) => {
        const bytes = Buffer.from(good.subarray(0, cut));
        for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
        if (fixSums) for (let at = 0; at + 512 <= bytes.length; at += 512) fixSum(bytes.subarray(at, at + 512));
        try {
          const parser = new TarParser();
          for (const event of parser.push(bytes))
            if (event.kind === 'data') expect(event.position).toBeGreaterThanOrEqual(0);
          parser.finish();
        } catch (error) {
          expect(error).toMatchObject({ name: 'BerthError', code: 'invalid' });
        }
      },
    ),
    { numRuns: 500 },
  );
});

/** Makes a changed header pass its checksum, so that what lies behind it is reached. */
function fixSum(block: Buffer): void {
  if (block.toString('latin1', 257, 262) !== 'ustar') return;
  block.write('        ', 148);
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte, 0)
      .toString(8)
      .padStart(6, '0')}\0`,
    148,
  );
}

test('sparse maps that lie are refused', async () => {
  const records = (pairs: [string, string][]) =>
    pairs.map(([key, value]) => {
      const rest = ` ${key}=${value}\n`;
      const length = rest.length + String(rest.length + 2).length;
      return `${length}${rest}`;
    });
  const sparse = (map: string, realSize: string) => {
    const body = Buffer.from(
      records([
        ['GNU.sparse.major', '0'],
        ['GNU.sparse.map', map],
        ['GNU.sparse.size', realSize],
      ]).join(''),
    );
    const extended = encodeTarFile({ name: 'pax' }, body);
    extended[156] = 'x'.charCodeAt(0);
    fixSum(extended.subarray(0, 512));
    return Buffer.concat([extended, encodeTarFile({ name: 'f' }, Buffer.from('12345')), TAR_END]);
  };
  const positions = (bytes: Buffer) =>
    [...new TarParser().push(bytes)].flatMap((e) => (e.kind === 'data' ? [[e.position, e.data.toString()]] : []));
  expect(positions(sparse('2,3,100,2', '200'))).toEqual([
    [2, '123'],
    [100, '45'],
  ]);
  for (const [map, size] of [
    ['2,3,4,2', '200'],
    ['0,5', '4'],
    ['0,4', '100'],
    ['0,9', '100'],
    ['0', '9'],
    ['x,5', '9'],
    ['9007199254740991,5', '9'],
  ] as const) {
    expect(() => positions(sparse(map, size))).toThrow(expect.objectContaining({ code: 'invalid' }));
  }
  await expect(parse(sparse('2,3,100,2', '200'))).rejects.toThrow('sparse files have no place');
});

test('an archive of another tool', async () => {
  const found = await parse(execFileSync('tar', ['-c', '-C', import.meta.dirname, 'entry.ts']));
  expect(found[0]?.content).toBe(readFileSync(join(import.meta.dirname, 'entry.ts'), 'latin1'));
});

test('the padding of the last entry may be missing, its content may not', async () => {
  const names: string[] = [];
  const read = (bytes: Buffer) =>
    readTar(
      (async function* () {
        yield bytes;
      })(),
      async ({ entry }) => void names.push(entry.name.toString()),
    );
  const whole = encodeTarFile({ name: 'a' }, Buffer.from('content'));
  await read(whole.subarray(0, 512 + 7));
  expect(names).toEqual(['a']);
  await expect(read(whole.subarray(0, 512 + 6))).rejects.toThrow('unexpected end');
});
