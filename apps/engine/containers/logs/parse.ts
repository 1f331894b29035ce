import { STDCOPY_HEADER, type StdcopyStream, writeStdcopyHeader } from '../run/stdcopy.ts';
import { TimestampReader } from './timestamp.ts';

/**
 * The monitor's log, one entry per line: `TIME stdout|stderr P|F BYTES\n`. TIME is RFC 3339 with nine decimals and a
 * numeric offset, so that everything before BYTES is always 45 bytes. P: the line goes on in the next entry of the same
 * stream; F: BYTES ended with a newline. BYTES never hold one.
 */
export const ENTRY_HEADER = 45;
const STREAM_AT = 39; // the fourth letter: stdOut or stdErr
const TAG_AT = 43;

const NEWLINE = 10;
const SPACE = 32;
const LETTER_E = 101;
const LETTER_F = 70;
const LETTER_O = 111;
const LETTER_P = 80;
const LETTER_Z = 90;
const TWO_ZEROS = 0x3030;

/** Free bytes that a buffer must have before the entries: room for what output needs before the first one. */
export const HEADROOM = 128;

/** Lines up to this length are copied byte by byte, which is faster than two native calls. */
const SHORT = 48;

export interface LogFormat {
  stdout: boolean;
  stderr: boolean;
  /** Frames for clients without a TTY; else the bare bytes. */
  framed: boolean;
  /** A time before each line; then each line also gets a frame of its own. */
  timestamps: boolean;
  /** Docker's `details`: attributes before each line. There are none, which leaves one space. */
  details: boolean;
  /** Nanoseconds since the epoch, inclusive; 0 = no limit. */
  since: bigint;
  until: bigint;
}

/** Header: at the start of an entry. Content: inside BYTES. Skip: up to the next newline, nothing is passed on. */
type State = 'header' | 'content' | 'skip';

/**
 * Turns entries into output, in place and in one pass: what is passed on is moved to the front of the very buffer that
 * was read (an entry's header is always larger than what replaces it), so nothing is allocated per line.
 * Whatever a chunk ends with is continued in the next. An entry with a damaged header (a full disk) is left out.
 */
export class LogParser {
  readonly #format: LogFormat;
  readonly #timed: boolean;
  readonly #time = new TimestampReader();
  #state: State = 'header';
  /** Of the entry being read. */
  #stream: StdcopyStream = 1;
  #partial = false;
  /** By stream: the last entry was partial, so the next one continues a line. */
  readonly #midLine = [false, false, false];
  /** Where output goes on in the buffer. */
  #out = 0;
  /** Where the header of the open frame is in the buffer, -1 for none, and its stream. */
  #frame = -1;
  #frameStream: StdcopyStream = 1;
  /** An entry after `until` was met: there is nothing more to come. */
  done = false;

  constructor(format: LogFormat) {
    this.#format = format;
    this.#timed = format.since > 0n || format.until > 0n;
  }

  /** Forgets a line begun: the file was truncated. */
  reset(): void {
    this.#state = 'header';
    this.#midLine.fill(false);
  }

  /**
   * Reads `buffer` from `start` (at least HEADROOM) to `end`, overwriting it from the front. `rest`: bytes at the end
   * that could not be used yet and must come before what is read next; less than ENTRY_HEADER.
   */
  parse(buffer: Buffer, start: number, end: number): { output: Buffer; rest: number } {
    let pos = start;
    this.#out = 0;
    this.#frame = -1;
    if (this.#state === 'content') this.#openFrame(buffer);
    while (pos < end) {
      if (this.#state === 'content') pos = this.#copy(buffer, pos, end);
      else if (this.#state === 'skip') pos = this.#skip(buffer, pos, end);
      else {
        if (end - pos < ENTRY_HEADER) break;
        pos += this.#readHeader(buffer, pos);
        if (this.done) break;
      }
    }
    this.#closeFrame(buffer);
    return { output: buffer.subarray(0, this.#out), rest: this.done ? 0 : end - pos };
  }

  /** Decides what becomes of the entry at `pos`; returns how many bytes are dealt with. */
  #readHeader(buffer: Buffer, pos: number): number {
    const letter = buffer[pos + STREAM_AT];
    const tag = buffer[pos + TAG_AT];
    if (
      buffer[pos + 35] !== SPACE ||
      buffer[pos + 42] !== SPACE ||
      buffer[pos + 44] !== SPACE ||
      (letter !== LETTER_O && letter !== LETTER_E) ||
      (tag !== LETTER_F && tag !== LETTER_P)
    ) {
      this.#state = 'skip';
      return 0;
    }
    this.#stream = letter === LETTER_O ? 1 : 2;
    this.#partial = tag === LETTER_P;
    this.#state = (this.#stream === 1 ? this.#format.stdout : this.#format.stderr) ? 'content' : 'skip';
    if (this.#timed) {
      const order = this.#time.read(buffer, pos).compare(this.#format);
      if (order > 0) this.done = true;
      if (order !== 0) this.#state = 'skip';
    }
    if (this.#state === 'content') this.#begin(buffer, pos);
    return ENTRY_HEADER;
  }

  /** Writes what comes before the bytes of an entry whose header is at `header`. */
  #begin(buffer: Buffer, header: number): void {
    const { timestamps, details } = this.#format;
    if (this.#frame < 0 || this.#frameStream !== this.#stream || timestamps) this.#openFrame(buffer);
    if (this.#midLine[this.#stream]) return;
    if (timestamps) this.#writeTime(buffer, header);
    if (details) buffer[this.#out++] = SPACE;
  }

  /** Moves the bytes of an entry to the output, up to its newline or to the end of what was read. */
  #copy(buffer: Buffer, start: number, end: number): number {
    let pos = start;
    let out = this.#out;
    const shortEnd = Math.min(end, pos + SHORT);
    while (pos < shortEnd) {
      const byte = buffer[pos]!;
      if (byte === NEWLINE) break;
      buffer[out++] = byte;
      pos++;
    }
    if (pos === shortEnd && pos < end) {
      const newline = newlineOrEnd(buffer, pos, end);
      buffer.copyWithin(out, pos, newline);
      out += newline - pos;
      pos = newline;
    }
    if (pos < end) {
      if (!this.#partial) buffer[out++] = NEWLINE;
      this.#midLine[this.#stream] = this.#partial;
      this.#state = 'header';
      pos++;
    }
    this.#out = out;
    return pos;
  }

  #skip(buffer: Buffer, pos: number, end: number): number {
    const newline = newlineOrEnd(buffer, pos, end);
    if (newline === end) return end;
    this.#state = 'header';
    return newline + 1;
  }

  #openFrame(buffer: Buffer): void {
    if (!this.#format.framed) return;
    this.#closeFrame(buffer);
    this.#frame = this.#out;
    this.#frameStream = this.#stream;
    this.#out += STDCOPY_HEADER;
  }

  #closeFrame(buffer: Buffer): void {
    if (this.#frame >= 0) {
      writeStdcopyHeader(buffer, this.#frame, this.#frameStream, this.#out - this.#frame - STDCOPY_HEADER);
    }
  }

  /** The entry's time in UTC and a space: 31 bytes. */
  #writeTime(buffer: Buffer, header: number): void {
    const out = this.#out;
    if (isUtc(buffer, header)) buffer.copyWithin(out, header, header + 29);
    else buffer.write(this.#time.read(buffer, header).toUtc(), out, 29, 'latin1');
    buffer[out + 29] = LETTER_Z;
    buffer[out + 30] = SPACE;
    this.#out = out + 31;
  }
}

/** Whether the offset of the time at `header` is +00:00. */
function isUtc(buffer: Buffer, header: number): boolean {
  return buffer.readUInt16LE(header + 30) === TWO_ZEROS && buffer.readUInt16LE(header + 33) === TWO_ZEROS;
}

function newlineOrEnd(buffer: Buffer, pos: number, end: number): number {
  const newline = buffer.indexOf(NEWLINE, pos);
  return newline < 0 || newline > end ? end : newline;
}
