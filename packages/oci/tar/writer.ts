import { isAscii } from 'node:buffer';
import { BerthError } from '@berth/kit';
import { BLOCK, paddingOf, type TarEntry, type TarType } from './entry.ts';
import { checksum, writeNumber } from './numbers.ts';
import { encodePax, formatPaxTime, type PaxRecord } from './pax.ts';

const FLAGS: Record<TarType, string> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  char: '3',
  block: '4',
  directory: '5',
  fifo: '6',
};

/** What an entry needs at least; the rest has plain defaults. */
export type TarEntryInit = Partial<Omit<TarEntry, 'name' | 'linkName' | 'type'>> & {
  name: string | Buffer;
  type: TarType;
  linkName?: string | Buffer;
};

/** The two zero blocks that end an archive. */
export const TAR_END: Buffer = Buffer.alloc(2 * BLOCK);

/**
 * The blocks before an entry's data: a ustar header, with a pax header before it where ustar cannot say all. The same
 * entry always gives the same bytes. The caller adds data and `tarPadding`.
 */
export function encodeTarHeader(init: TarEntryInit): Buffer {
  const entry = complete(init);
  const records = paxRecords(entry);
  const header = ustar(entry, FLAGS[entry.type]);
  if (records.length === 0) return header;
  const body = Buffer.concat(records.map(encodePax));
  const name = Buffer.concat([Buffer.from('PaxHeaders/'), entry.name.subarray(-80)]);
  const extended = ustar(
    { ...complete({ name: ascii(name), type: 'file' }), size: body.length, mode: 0o644, mtime: entry.mtime },
    'x',
  );
  return Buffer.concat([extended, body, tarPadding(body.length), header]);
}

/** Zeros that fill `size` bytes of data up to whole blocks. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc(paddingOf(size));
}

/** A whole entry with its content at hand. */
export function encodeTarFile(init: Omit<TarEntryInit, 'size' | 'type'>, content: Uint8Array): Buffer {
  const header = encodeTarHeader({ ...init, type: 'file', size: content.byteLength });
  return Buffer.concat([header, content, tarPadding(content.byteLength)]);
}

function complete(init: TarEntryInit): TarEntry {
  const { type } = init;
  if (type !== 'file' && (init.size ?? 0) !== 0) throw new BerthError('internal', `a tar ${type} has no content`);
  return {
    type,
    name: bytesOf(init.name),
    linkName: bytesOf(init.linkName ?? ''),
    mode: init.mode ?? (type === 'directory' ? 0o755 : type === 'symlink' ? 0o777 : 0o644),
    uid: init.uid ?? 0,
    gid: init.gid ?? 0,
    size: init.size ?? 0,
    mtime: init.mtime ?? 0n,
    deviceMajor: init.deviceMajor ?? 0,
    deviceMinor: init.deviceMinor ?? 0,
    xattrs: init.xattrs ?? NO_XATTRS,
  };
}

const NO_XATTRS: TarEntry['xattrs'] = new Map();

/** A buffer is taken as it is: headers are written at once. */
function bytesOf(name: string | Buffer): Buffer {
  return typeof name === 'string' ? Buffer.from(name) : name;
}

/** What ustar cannot hold: long or non-ASCII names, large numbers, parts of seconds, extended attributes. */
function paxRecords(entry: TarEntry): PaxRecord[] {
  const records: PaxRecord[] = [];
  const add = (key: string, value: string | Buffer) => records.push({ key, value: Buffer.from(value) });
  if (entry.gid > 0o7777777) add('gid', String(entry.gid));
  if (!fits(entry.linkName)) add('linkpath', entry.linkName);
  if (entry.mtime < 0n || entry.mtime % 1_000_000_000n !== 0n || entry.mtime / 1_000_000_000n > 0o77777777777n) {
    add('mtime', formatPaxTime(entry.mtime));
  }
  if (!fits(entry.name)) add('path', entry.name);
  if (entry.size > 0o77777777777) add('size', String(entry.size));
  if (entry.uid > 0o7777777) add('uid', String(entry.uid));
  for (const [name, value] of [...entry.xattrs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    add(`SCHILY.xattr.${name}`, value);
  }
  return records;
}

function fits(name: Buffer): boolean {
  return name.length <= 100 && isAscii(name);
}

function ustar(entry: TarEntry, flag: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  ascii(entry.name).copy(block, 0, 0, 100);
  writeNumber(block, 100, 8, entry.mode);
  writeNumber(block, 108, 8, entry.uid > 0o7777777 ? 0 : entry.uid);
  writeNumber(block, 116, 8, entry.gid > 0o7777777 ? 0 : entry.gid);
  writeNumber(block, 124, 12, entry.size > 0o77777777777 ? 0 : entry.size);
  const seconds = entry.mtime / 1_000_000_000n;
  writeNumber(block, 136, 12, seconds < 0n || seconds > 0o77777777777n ? 0 : Number(seconds));
  block.write(flag, 156, 'latin1');
  ascii(entry.linkName).copy(block, 157, 0, 100);
  block.write('ustar\x0000', 257, 'latin1');
  if (flag === '3' || flag === '4') {
    // pax has no record for devices; base-256 is read by all who write such numbers.
    writeNumber(block, 329, 8, entry.deviceMajor);
    writeNumber(block, 337, 8, entry.deviceMinor);
  }
  block.write(`${checksum(block).toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

/** A stand-in for readers that do not know pax. */
function ascii(name: Buffer): Buffer {
  return isAscii(name) ? name : Buffer.from(name.map((byte) => (byte < 0x80 ? byte : 0x5f)));
}
