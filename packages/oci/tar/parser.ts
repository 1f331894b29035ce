import { BerthError } from '@berth/kit';
import { BLOCK, paddingOf, type TarEntry } from './entry.ts';
import { applyPax, finishHeader, isFileFlag, type RawHeader, readHeader } from './header.ts';
import { readNumber } from './numbers.ts';
import { type PaxRecord, parsePax } from './pax.ts';
import { checkSegments, readDataMap, readOldSegments, readPaxSparse, type Segment } from './sparse.ts';

/** What a parser tells: an entry, then its data in pieces, then its end. `data` is only valid until the next event. */
export type TarEvent =
  | { kind: 'entry'; entry: TarEntry }
  | { kind: 'data'; data: Buffer; position: number }
  | { kind: 'end' };

/** Bytes of one pax header, long name or sparse map; as Go's archive/tar has it. */
const META_MAX = 1024 * 1024;

type State = 'header' | 'meta' | 'old-sparse' | 'data-map' | 'data' | 'padding' | 'done';

/**
 * Reads ustar, pax and GNU archives piece by piece, in bounded memory. Not tied to streams: `push` gives the events that
 * a piece completes. Trailing bytes after the end mark are passed over. Errors: invalid.
 */
export class TarParser {
  #state: State = 'header';
  /** Block that is being gathered from pieces. */
  readonly #block = Buffer.alloc(BLOCK);
  #filled = 0;
  #zeroBlocks = 0;
  #meta: { flag: string; body: Buffer; filled: number } | undefined;
  #longName: Buffer | undefined;
  #longLink: Buffer | undefined;
  #pax: PaxRecord[] = [];
  #header: RawHeader | undefined;
  /** Of the entry at hand: stretches of data, index of the present one, bytes of it already given. */
  #segments: Segment[] = [];
  #segment = 0;
  #given = 0;
  #map: Buffer[] = [];
  /** Data or padding bytes still to come. */
  #left = 0;
  #padding = 0;

  /** Takes the next piece. All events must be drawn before the next call. */
  *push(chunk: Buffer): Generator<TarEvent, void> {
    let at = 0;
    while (at < chunk.length) {
      if (this.#state === 'done') return;
      if (this.#state === 'data') {
        const take = Math.min(this.#left, chunk.length - at);
        yield* this.#data(chunk.subarray(at, at + take));
        at += take;
        this.#left -= take;
        if (this.#left === 0) yield* this.#endOfData();
      } else if (this.#state === 'padding') {
        const take = Math.min(this.#left, chunk.length - at);
        at += take;
        this.#left -= take;
        if (this.#left === 0) this.#state = 'header';
      } else if (this.#state === 'meta') {
        at += this.#gatherMeta(chunk, at);
      } else {
        const whole = this.#filled === 0 && chunk.length - at >= BLOCK;
        const take = Math.min(BLOCK - this.#filled, chunk.length - at);
        if (!whole) chunk.copy(this.#block, this.#filled, at, at + take);
        this.#filled += take;
        const block = whole ? chunk.subarray(at, at + BLOCK) : this.#block;
        at += take;
        if (this.#filled < BLOCK) return;
        this.#filled = 0;
        yield* this.#takeBlock(block);
      }
    }
  }

  /**
   * Says that there is no more. Errors: invalid when the archive is cut off. Neither an end mark nor the padding of the last
   * entry is insisted on: Docker's client leaves out both when it sends a Dockerfile of its own with a context.
   */
  finish(): void {
    const between = this.#state === 'header' && this.#filled === 0 && this.#pax.length === 0;
    if (!between && this.#state !== 'done' && this.#state !== 'padding')
      throw new BerthError('invalid', 'invalid tar archive: unexpected end');
  }

  *#takeBlock(block: Buffer): Generator<TarEvent, void> {
    if (this.#state === 'old-sparse') {
      if (readOldSegments(block, true, this.#segments).extended) return;
      yield* this.#begin();
    } else if (this.#state === 'data-map') {
      yield* this.#takeMapBlock(block);
    } else if (block.equals(ZEROS)) {
      if (++this.#zeroBlocks === 2) this.#state = 'done';
    } else {
      if (this.#zeroBlocks > 0) throw new BerthError('invalid', 'invalid tar archive: data after a zero block');
      yield* this.#takeHeader(readHeader(block), block);
    }
  }

  *#takeHeader(header: RawHeader, block: Buffer): Generator<TarEvent, void> {
    const { flag } = header;
    if (flag === 'x' || flag === 'g' || flag === 'L' || flag === 'K') {
      if (header.stored > META_MAX) throw new BerthError('invalid', 'invalid tar header: extended header is too long');
      this.#meta = { flag, body: Buffer.alloc(header.stored), filled: 0 };
      this.#left = header.stored + paddingOf(header.stored);
      this.#state = 'meta';
      if (this.#left === 0) this.#endOfMeta();
      return;
    }
    if (!isFileFlag(flag)) {
      throw new BerthError('invalid', `invalid tar archive: unhandled tar header type ${JSON.stringify(flag)}`);
    }
    if (this.#longName) header.entry.name = this.#longName;
    if (this.#longLink) header.entry.linkName = this.#longLink;
    applyPax(header, this.#pax);
    if (header.entry.type !== 'file') header.stored = 0;
    this.#header = header;
    this.#segments = [];
    const sparse = readPaxSparse(this.#pax);
    this.#pax = [];
    this.#longName = undefined;
    this.#longLink = undefined;
    if (flag === 'S') {
      const { extended } = readOldSegments(block, false, this.#segments);
      header.entry.size = readNumber(block, 483, 12);
      this.#state = 'old-sparse';
      if (!extended) yield* this.#begin();
    } else if (sparse !== undefined && header.entry.type === 'file') {
      if (sparse.name) header.entry.name = Buffer.from(sparse.name);
      header.entry.size = sparse.size ?? header.entry.size;
      this.#segments = sparse.segments;
      this.#map = [];
      this.#state = 'data-map';
      if (!sparse.mapInData) yield* this.#begin();
    } else {
      this.#segments = header.stored > 0 ? [{ offset: 0, length: header.stored }] : [];
      yield* this.#begin();
    }
  }

  *#takeMapBlock(block: Buffer): Generator<TarEvent, void> {
    const header = this.#header!;
    this.#map.push(Buffer.from(block));
    header.stored -= BLOCK;
    if (this.#map.length * BLOCK > META_MAX || header.stored < 0) {
      throw new BerthError('invalid', 'invalid sparse file in tar archive: map is too long');
    }
    // Looking at the whole map each time would be quadratic: the last block of a map is the one that is filled up, or full.
    const isLast = block[BLOCK - 1] === 0 || block[BLOCK - 1] === 0x0a;
    const segments = isLast ? readDataMap(Buffer.concat(this.#map)) : undefined;
    if (segments === undefined) return;
    this.#segments = segments;
    yield* this.#begin();
  }

  *#begin(): Generator<TarEvent, void> {
    const header = this.#header!;
    finishHeader(header);
    checkSegments(this.#segments, header.entry.size, header.stored);
    this.#segment = 0;
    this.#given = 0;
    this.#left = header.stored;
    this.#padding = paddingOf(header.stored);
    yield { kind: 'entry', entry: header.entry };
    if (this.#left > 0) this.#state = 'data';
    else yield* this.#endOfData();
  }

  *#data(piece: Buffer): Generator<TarEvent, void> {
    for (let at = 0; at < piece.length; ) {
      const { offset, length } = this.#segments[this.#segment]!;
      const take = Math.min(length - this.#given, piece.length - at);
      if (take > 0) yield { kind: 'data', data: piece.subarray(at, at + take), position: offset + this.#given };
      at += take;
      this.#given += take;
      if (this.#given === length) {
        this.#segment++;
        this.#given = 0;
      }
    }
  }

  *#endOfData(): Generator<TarEvent, void> {
    this.#left = this.#padding;
    this.#state = this.#left > 0 ? 'padding' : 'header';
    yield { kind: 'end' };
  }

  #gatherMeta(chunk: Buffer, at: number): number {
    const meta = this.#meta!;
    const take = Math.min(this.#left, chunk.length - at);
    const useful = Math.min(take, meta.body.length - meta.filled);
    chunk.copy(meta.body, meta.filled, at, at + useful);
    meta.filled += useful;
    this.#left -= take;
    if (this.#left === 0) this.#endOfMeta();
    return take;
  }

  #endOfMeta(): void {
    const { flag, body } = this.#meta!;
    this.#meta = undefined;
    this.#state = 'header';
    if (flag === 'x') this.#pax = parsePax(body);
    else if (flag === 'L') this.#longName = cut(body);
    else if (flag === 'K') this.#longLink = cut(body);
    // 'g' sets defaults for the archive. Docker and Go pass them over, and so do we: git writes a comment in it.
  }
}

const ZEROS = Buffer.alloc(BLOCK);

function cut(body: Buffer): Buffer {
  const end = body.indexOf(0);
  return end < 0 ? body : body.subarray(0, end);
}
