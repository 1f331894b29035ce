import { BerthError } from '@berth/kit';
import { BLOCK } from './entry.ts';
import { readNumber } from './numbers.ts';
import { type PaxRecord, parsePaxNumber } from './pax.ts';

/** A stretch of data in a sparse file; what lies between stretches is a hole. Bytes. */
export interface Segment {
  offset: number;
  length: number;
}

/** More than any real file has; 16 bytes each at most in memory. */
const SEGMENTS_MAX = 200_000;

/** Reads the segments in an old GNU header (4 at byte 386) or in an extension block (21 at byte 0). */
export function readOldSegments(block: Buffer, isExtension: boolean, into: Segment[]): { extended: boolean } {
  const start = isExtension ? 0 : 386;
  const count = isExtension ? 21 : 4;
  for (let n = 0; n < count; n++) {
    const at = start + n * 24;
    if (block[at] === 0) break;
    into.push({ offset: readNumber(block, at, 12), length: readNumber(block, at + 12, 12) });
  }
  if (into.length > SEGMENTS_MAX) throw bad('too many segments');
  return { extended: block[start + count * 24] !== 0 };
}

/** What pax records say of a sparse file (GNU formats 0.0, 0.1, 1.0), or undefined when they say nothing. */
export function readPaxSparse(records: readonly PaxRecord[]): PaxSparse | undefined {
  let isSparse = false;
  const sparse: PaxSparse = { segments: [], mapInData: false, name: undefined, size: undefined };
  let offset = 0;
  for (const { key, value } of records) {
    if (!key.startsWith('GNU.sparse.')) continue;
    isSparse = true;
    if (key === 'GNU.sparse.major') sparse.mapInData = value.toString('latin1') === '1';
    else if (key === 'GNU.sparse.name') sparse.name = value;
    else if (key === 'GNU.sparse.size' || key === 'GNU.sparse.realsize') sparse.size = parsePaxNumber(value);
    else if (key === 'GNU.sparse.offset') offset = parsePaxNumber(value);
    else if (key === 'GNU.sparse.numbytes') sparse.segments.push({ offset, length: parsePaxNumber(value) });
    else if (key === 'GNU.sparse.map') sparse.segments.push(...parseMap(value.toString('latin1').split(',')));
  }
  if (sparse.segments.length > SEGMENTS_MAX) throw bad('too many segments');
  return isSparse ? sparse : undefined;
}

export interface PaxSparse {
  segments: Segment[];
  /** Format 1.0: the map stands in front of the data, in whole blocks. */
  mapInData: boolean;
  name: Buffer | undefined;
  size: number | undefined;
}

/**
 * Reads the map of format 1.0 from the blocks gathered so far; undefined while it is not whole. Count, then offset and
 * length of each segment, a line each, filled up with NULs.
 */
export function readDataMap(blocks: Buffer): Segment[] | undefined {
  const lines = blocks.toString('latin1').split('\n');
  lines.pop();
  if (lines.length === 0) {
    if (blocks.length >= BLOCK) throw bad('broken map');
    return undefined;
  }
  const count = toNumber(lines[0]!);
  if (count > SEGMENTS_MAX) throw bad('too many segments');
  return lines.length < 1 + 2 * count ? undefined : parseMap(lines.slice(1, 1 + 2 * count));
}

/** Segments must be in order, not overlap, lie in the file, and make up exactly the stored bytes. Errors: invalid. */
export function checkSegments(segments: readonly Segment[], size: number, stored: number): void {
  let end = 0;
  let sum = 0;
  for (const { offset, length } of segments) {
    if (offset < end || length < 0 || offset + length > size) throw bad('segments out of order');
    end = offset + length;
    sum += length;
  }
  if (sum !== stored) throw bad('segments do not make up the data');
}

function parseMap(numbers: string[]): Segment[] {
  if (numbers.length % 2 !== 0) throw bad('broken map');
  const segments: Segment[] = [];
  for (let n = 0; n < numbers.length; n += 2) {
    segments.push({ offset: toNumber(numbers[n]!), length: toNumber(numbers[n + 1]!) });
  }
  return segments;
}

function toNumber(text: string): number {
  const number = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || !Number.isSafeInteger(number)) throw bad('broken map');
  return number;
}

function bad(what: string): BerthError {
  return new BerthError('invalid', `invalid sparse file in tar archive: ${what}`);
}
