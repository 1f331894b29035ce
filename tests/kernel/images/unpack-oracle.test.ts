import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { mknod, S_IF, setTimes } from '../../../apps/engine/linux/file.ts';
import { setXattr } from '../../../apps/engine/linux/xattr.ts';
import { describeTree } from './tree.ts';
import { openWorkshop } from './unpacking.ts';

const workshop = openWorkshop();
const source = workshop.makeDirectory();
afterAll(() => workshop.close());

/** One of everything that a layer can hold. */
beforeAll(() => {
  const at = (name: string) => join(source, name);
  const time = (name: string, nanos: bigint) => setTimes(at(name), nanos);
  writeFileSync(at('plain'), 'plain content');
  writeFileSync(at('empty'), '');
  writeFileSync(at('setuid'), '#!/bin/sh\n');
  lchownSync(at('setuid'), 1000, 2000);
  chmodSync(at('setuid'), 0o6755);
  writeFileSync(at('capable'), 'x'.repeat(5000));
  lchownSync(at('capable'), 33, 33);
  // cap_net_raw+ep, version 2
  setXattr(at('capable'), 'security.capability', Buffer.from('0100000200200000000000000000000000000000', 'hex'));
  setXattr(at('plain'), 'user.note', Buffer.from('with = and \n and \0 in it'));
  setXattr(at('plain'), 'trusted.empty', Buffer.alloc(0));
  writeFileSync(at('far-owner'), '');
  lchownSync(at('far-owner'), 3_000_000, 4_000_000_000);
  linkSync(at('plain'), at('plain-again'));
  symlinkSync('../somewhere/else', at('dangling'));
  lchownSync(at('dangling'), 5, 6);
  symlinkSync('t'.repeat(180), at('long-link'));
  linkSync(at('dangling'), at('dangling-again'));
  mknod(at('null'), S_IF.CHR | 0o666, 1, 3);
  mknod(at('far-device'), S_IF.BLK | 0o600, 259, 70_000);
  mknod(at('pipe'), S_IF.FIFO | 0o644, 0, 0);
  mkdirSync(at('closed'));
  writeFileSync(at('closed/inside'), 'in a directory that cannot be written');
  mkdirSync(at('sticky'));
  setXattr(at('sticky'), 'trusted.note', Buffer.from('directory'));
  chmodSync(at('sticky'), 0o1777);
  const deep = `deep/${'long-directory-name/'.repeat(12)}`;
  mkdirSync(at(deep), { recursive: true });
  writeFileSync(at(`${deep}file-with-a-long-name-${'n'.repeat(120)}`), 'deep');
  writeFileSync(at('umlaut-ü-日本'), 'utf-8');
  writeFileSync(Buffer.concat([Buffer.from(`${source}/latin1-`), Buffer.from([0xe4, 0xff])]), 'not utf-8');
  writeFileSync(at('sparse'), 'start');
  truncateSync(at('sparse'), 3_000_000);
  execFileSync('dd', ['if=/dev/urandom', `of=${at('sparse')}`, 'bs=4096', 'count=3', 'seek=200', 'conv=notrunc'], {
    stdio: 'ignore',
  });
  for (let n = 0; n < 40; n++) {
    execFileSync(
      'dd',
      ['if=/dev/urandom', `of=${at('holes')}`, 'bs=4096', 'count=1', `seek=${n * 3}`, 'conv=notrunc'],
      { stdio: 'ignore' },
    );
  }
  writeFileSync(at('big'), Buffer.alloc(1_234_567, 'berth'));
  time('plain', 1_700_000_000_123_456_789n);
  time('dangling', 1_500_000_000_000_000_000n);
  time('pipe', 1_000_000_000_000_000_000n);
  time('closed/inside', -1_500_000_001n);
  time('closed', 999_999_999_500_000_000n);
  chmodSync(at('closed'), 0o500);
  setTimes(source, 1_600_000_000_000_000_000n);
});

const FORMATS: [name: string, args: string[]][] = [
  ['pax', ['--format=pax']],
  ['gnu', ['--format=gnu']],
  ['gnu, sparse', ['--format=gnu', '--sparse']],
  ['pax, sparse 0.0', ['--format=pax', '--sparse-version=0.0']],
  ['pax, sparse 0.1', ['--format=pax', '--sparse-version=0.1']],
  ['pax, sparse 1.0', ['--format=pax', '--sparse-version=1.0']],
];

test.each(FORMATS)('unpacks as GNU tar does: %s', async (name, args) => {
  const xattrs = args.includes('--format=pax') ? ['--xattrs', '--xattrs-include=*'] : [];
  const sparse = name.includes('sparse') ? ['--sparse'] : [];
  const archive = execFileSync('tar', ['-c', ...args, ...sparse, ...xattrs, '-C', source, '.'], { maxBuffer: 1e8 });
  const expected = workshop.makeDirectory();
  execFileSync('tar', ['-x', '-p', '--same-owner', '--numeric-owner', ...xattrs, '-C', expected], { input: archive });

  const { path, entries } = await workshop.unpack(archive);

  const tree = describeTree(path);
  expect(tree).toEqual(describeTree(expected));
  expect(entries).toBe(Object.keys(tree).length);
  expect(tree['./far-device']?.device).toBe(describeTree(source)['./far-device']?.device);
  if (xattrs.length > 0) expect(tree).toEqual(describeTree(source));
});

test('compressed archives, in one piece and in several', async () => {
  const archive = execFileSync('tar', ['-c', '-C', source, 'plain', 'big'], { maxBuffer: 1e8 });
  const halves = [archive.subarray(0, 70_001), archive.subarray(70_001)];
  const cases = [
    ['gzip', gzipSync(archive)],
    ['gzip', Buffer.concat(halves.map((half) => gzipSync(half)))],
    ['zstd', zstdCompressSync(archive)],
    ['zstd', Buffer.concat(halves.map((half) => zstdCompressSync(half)))],
  ] as const;
  for (const [compression, bytes] of cases) {
    const { path, size } = await workshop.unpack(bytes, { compression, uncompressed: archive });
    expect(size).toBe(1_234_567 + 13);
    expect(readFileSync(join(path, 'big'))).toEqual(readFileSync(join(source, 'big')));
  }
});
