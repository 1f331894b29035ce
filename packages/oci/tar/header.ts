import { BerthError } from '@berth/kit';
import { BLOCK, type TarEntry, type TarType } from './entry.ts';
import { checksum, readNumber } from './numbers.ts';
import { type PaxRecord, parsePaxNumber, parsePaxTime } from './pax.ts';

/** A header block, read and checked; what stands before it (pax, long names) is merged in by `applyPax`. */
export interface RawHeader {
  flag: string;
  entry: TarEntry;
  /** Bytes of data that follow the header. */
  stored: number;
}

const TYPES: Record<string, TarType> = {
  '0': 'file',
  '\0': 'file',
  '7': 'file',
  S: 'file',
  '1': 'hardlink',
  '2': 'symlink',
  '3': 'char',
  '4': 'block',
  '5': 'directory',
  '6': 'fifo',
};

const XATTR = 'SCHILY.xattr.';

/** Reads one header block. Errors: invalid (checksum, numbers, types that no image layer has). */
export function readHeader(block: Buffer): RawHeader {
  const stored = readNumber(block, 148, 8);
  if (stored !== checksum(block) && stored !== signedChecksum(block)) {
    throw new BerthError('invalid', 'invalid tar header: wrong checksum');
  }
  const flag = String.fromCharCode(block[156]!);
  let name = field(block, 0, 100);
  const magic = block.toString('latin1', 257, 265);
  if (magic === 'ustar\x0000') {
    const prefix = block.toString('latin1', 508, 512) === 'tar\0' ? field(block, 345, 131) : field(block, 345, 155);
    if (prefix.length > 0) name = Buffer.concat([prefix, Buffer.from('/'), name]);
  }
  const isDevice = flag === '3' || flag === '4';
  const type = TYPES[flag] === 'file' && name.at(-1) === 0x2f && flag !== 'S' ? 'directory' : TYPES[flag];
  const size = readNumber(block, 124, 12);
  if (size < 0) throw new BerthError('invalid', 'invalid tar header: negative size');
  const entry: TarEntry = {
    name,
    // Meta headers have types of their own, which the parser takes care of before it looks at this one.
    type: type ?? 'file',
    linkName: field(block, 157, 100),
    mode: readNumber(block, 100, 8) & 0o7777,
    uid: readNumber(block, 108, 8),
    gid: readNumber(block, 116, 8),
    size,
    mtime: BigInt(readNumber(block, 136, 12)) * 1_000_000_000n,
    deviceMajor: isDevice ? readNumber(block, 329, 8) : 0,
    deviceMinor: isDevice ? readNumber(block, 337, 8) : 0,
    xattrs: new Map(),
  };
  return { flag, entry, stored: size };
}

/** True for flags that `readHeader` gives a type of a real file. */
export function isFileFlag(flag: string): boolean {
  return flag in TYPES;
}

/** Puts what pax records say over what the header says. */
export function applyPax(header: RawHeader, records: readonly PaxRecord[]): void {
  const { entry } = header;
  for (const { key, value } of records) {
    if (key.startsWith(XATTR)) {
      // Bounded by the header's own bound; copied because the header's memory is reused.
      entry.xattrs.set(key.slice(XATTR.length), Buffer.from(value));
      continue;
    }
    // An empty value takes the record back.
    if (value.length === 0) continue;
    if (key === 'path') entry.name = Buffer.from(value);
    else if (key === 'linkpath') entry.linkName = Buffer.from(value);
    else if (key === 'size') {
      header.stored = parsePaxNumber(value);
      entry.size = header.stored;
    } else if (key === 'uid') entry.uid = parsePaxNumber(value);
    else if (key === 'gid') entry.gid = parsePaxNumber(value);
    else if (key === 'mtime') entry.mtime = parsePaxTime(value.toString('latin1'));
    else if (key === 'SCHILY.devmajor') entry.deviceMajor = parsePaxNumber(value);
    else if (key === 'SCHILY.devminor') entry.deviceMinor = parsePaxNumber(value);
  }
}

/** Last checks, when all that stands before an entry has been merged in. Errors: invalid. */
export function finishHeader({ entry }: RawHeader): void {
  if (entry.type !== 'file') entry.size = 0;
  if (entry.name.length === 0) throw new BerthError('invalid', 'invalid tar header: no name');
  if (entry.name.includes(0) || entry.linkName.includes(0)) {
    throw new BerthError('invalid', 'invalid tar header: a name has a NUL byte');
  }
  for (const id of [entry.uid, entry.gid]) {
    // 2^32-1 means "leave as it is" to chown(2).
    if (id < 0 || id >= 0xffff_ffff) throw new BerthError('invalid', 'invalid tar header: owner out of range');
  }
}

function field(block: Buffer, start: number, length: number): Buffer {
  const end = block.indexOf(0, start);
  return Buffer.from(block.subarray(start, end < 0 || end > start + length ? start + length : end));
}

/** Some old writers summed signed bytes. */
function signedChecksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < BLOCK; at++) if (at < 148 || at >= 156) sum += block.readInt8(at);
  return sum;
}
