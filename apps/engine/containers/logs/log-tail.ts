import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '@berth/kit';
import { logFiles } from './files.ts';
import { openLogFile } from './open-file.ts';
import { ENTRY_HEADER, HEADROOM } from './parse.ts';
import type { LogPosition } from './position.ts';
import { addReader } from './readers.ts';
import { LogWatch } from './watch.ts';

/** Turns what is read into output; see LogParser. Output of length 0 is none. */
export interface EntryParser<T extends { length: number }> {
  readonly done: boolean;
  parse(buffer: Buffer, start: number, end: number): { output: T; rest: number };
  reset(): void;
}

export interface LogTailOptions {
  /** Go on when the end is reached, until `ended` is aborted and everything written before that was passed on. */
  follow: boolean;
  /** Nanoseconds since the epoch, 0 = no limit: following ends then. */
  until: bigint;
  /** Aborted when the container has ended and its monitor has closed the log. */
  ended?: AbortSignal;
}

/** Bytes of one read: large while catching up, small while waiting for single lines. */
const LARGE = 256 * 1024;
const SMALL = 16 * 1024;

/**
 * Reads a log from a position on and yields output ready to be written: frames or bare bytes, in order, byte for byte
 * what the container wrote. Reads the next piece only when the consumer asks, so a slow consumer costs no memory and
 * never holds the container up; rotation keeps the files that it has yet to read. Follows the log through rotation,
 * truncation and the removal of the container. Breaking out of the loop, or return(), closes everything, also while
 * waiting. Errors: when it is so far behind that the files it needs had to go.
 */
export class LogTail<T extends { length: number } = Buffer> implements AsyncIterableIterator<T> {
  /** The live file; from the first read on by way of its directory's descriptor, which stays when that is moved away. */
  #path: string;
  #directory: number | undefined;
  readonly #options: LogTailOptions;
  readonly #parser: EntryParser<T>;
  readonly #start: (path: string) => Promise<LogPosition | undefined>;
  #forget: (() => void) | undefined;
  #started = false;
  #file: FileHandle | undefined;
  #number = 0;
  #offset = 0;
  /** Without follow: where the log ended when reading began; a busy container would be read for ever. */
  #limit: LogPosition = { number: Number.POSITIVE_INFINITY, offset: 0 };
  /** Unused bytes from the end of the last read. */
  #rest: Buffer = Buffer.alloc(0);
  #size = LARGE;
  #watch: LogWatch | undefined;
  #closed = false;
  #reading = false;
  #released = false;

  /** `path`: the live file; `start`: asked for when reading begins, undefined while there is no file yet. */
  constructor(
    path: string,
    start: (path: string) => Promise<LogPosition | undefined>,
    options: LogTailOptions,
    parser: EntryParser<T>,
  ) {
    this.#path = path;
    this.#start = start;
    this.#options = options;
    this.#parser = parser;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Where the next entry that was not yielded begins, apart from what the parser has kept. */
  get position(): LogPosition {
    return { number: this.#number, offset: Math.max(0, this.#offset - this.#rest.length) };
  }

  async next(): Promise<IteratorResult<T, undefined>> {
    this.#reading = true;
    try {
      while (!this.#closed && !this.#parser.done) {
        const output = await this.#read();
        if (this.#closed) break; // meanwhile
        if (output === undefined) {
          if (!(await this.#goOn())) break;
        } else if (output.length > 0) return { done: false, value: output };
      }
      this.#end();
      return { done: true, value: undefined };
    } catch (error) {
      this.#end();
      throw error;
    } finally {
      this.#reading = false;
      if (this.#closed) await this.#release();
    }
  }

  async return(): Promise<{ done: true; value: undefined }> {
    this.#end();
    if (!this.#reading) await this.#release(); // else it is done when the reading is over
    return { done: true, value: undefined };
  }

  /** No more is wanted; whoever waits for more is woken. */
  #end(): void {
    this.#closed = true;
    this.#watch?.close();
    this.#watch = undefined;
  }

  /** Closes what is open. Never while something reads: descriptors would mean other files then. */
  async #release(): Promise<void> {
    if (this.#released) return;
    this.#released = true;
    this.#forget?.();
    if (this.#directory !== undefined) closeSync(this.#directory);
    await this.#file?.close();
  }

  /** The next piece of output, perhaps empty; undefined at the end of the file. */
  async #read(): Promise<T | undefined> {
    if (!this.#file && !(await this.#openStart())) return undefined;
    const left = this.#number < this.#limit.number ? this.#size : this.#limit.offset - this.#offset;
    const wanted = Math.min(this.#size, left);
    if (!this.#file || wanted <= 0) return undefined;
    const buffer = Buffer.allocUnsafeSlow(HEADROOM + wanted);
    const bytesRead = this.#watch
      ? // Waiting for live output: just written, so it is in memory, and a turn of the thread pool would take longer.
        readSync(this.#file.fd, buffer, HEADROOM, wanted, this.#offset)
      : (await this.#file.read(buffer, HEADROOM, wanted, this.#offset)).bytesRead;
    if (bytesRead === 0) return undefined;
    this.#offset += bytesRead;
    this.#size = bytesRead === wanted ? LARGE : SMALL;
    const start = HEADROOM - this.#rest.length;
    buffer.set(this.#rest, start);
    const end = HEADROOM + bytesRead;
    // Taken out first: parsing overwrites the buffer from its front.
    const tail = Buffer.from(buffer.subarray(Math.max(start, end - ENTRY_HEADER), end));
    const { output, rest } = this.#parser.parse(buffer, start, end);
    this.#rest = tail.subarray(tail.length - rest);
    return output;
  }

  async #openStart(): Promise<boolean> {
    if (!this.#started) {
      this.#begin();
      if (!this.#options.follow) this.#limit = endOf(this.#path);
      const start = await this.#start(this.#path);
      this.#number = start?.number ?? 0;
      if (start && (await this.#open(start.number, start.offset))) return true;
    }
    return this.#openNext();
  }

  /** Nothing is held before, so that a reader that is never asked need not be closed. */
  #begin(): void {
    this.#started = true; // a file that comes later is wanted from its beginning
    const tail = this;
    this.#forget = addReader(this.#path, {
      get at() {
        return tail.#number;
      },
    });
    this.#directory = openIfThere(dirname(this.#path));
    if (this.#directory !== undefined) this.#path = join(`/proc/self/fd/${this.#directory}`, basename(this.#path));
  }

  /** False when the file is gone. */
  async #open(number: number, offset: number): Promise<boolean> {
    const file = await openLogFile(this.#path, number);
    if (!file) return false;
    const before = this.#file;
    this.#file = file;
    this.#number = number;
    this.#offset = Math.min(offset, (await file.stat()).size);
    await before?.close();
    return true;
  }

  /** At the end of the file: true when there is, or may be, more to read; then it is there or was waited for. */
  async #goOn(): Promise<boolean> {
    if (await this.#nextFile()) return true;
    if (!this.#options.follow || this.#closed) return false;
    if (!this.#watch) {
      this.#watch = new LogWatch(this.#path, this.#options.until, this.#options.ended);
      return true;
    }
    if (this.#truncated()) return true;
    return this.#watch.wait();
  }

  /** Goes over to the file that follows this one, if there is one. What was written to this one is complete then. */
  async #nextFile(): Promise<boolean> {
    if (!this.#file || (this.#watch && !this.#watch.takeRenamed())) return false;
    const next = logFiles(this.#path).find((file) => file.number > this.#number);
    if (next === undefined || next.number > this.#limit.number) return false;
    if (fstatSync(this.#file.fd).size > this.#offset) {
      // Written between our last read and the rotation: read on, and look again afterwards.
      this.#watch?.keepRenamed();
      return true;
    }
    return this.#openNext();
  }

  async #openNext(): Promise<boolean> {
    for (;;) {
      const next = logFiles(this.#path).find((file) => file.number > this.#number);
      if (next === undefined || next.number > this.#limit.number) return false;
      if (this.#file && next.number > this.#number + 1)
        throw new Error('the reader fell so far behind that lines it had not read were rotated away');
      if (!(await this.#open(next.number, 0))) continue;
      this.#watch?.keepRenamed(); // there may be more of them after this one
      return true;
    }
  }

  /** Somebody emptied the file, which the monitor appends to: go back to its start. */
  #truncated(): boolean {
    if (!this.#file || fstatSync(this.#file.fd).size >= this.#offset) return false;
    this.#offset = 0;
    this.#rest = Buffer.alloc(0);
    this.#parser.reset();
    return true;
  }
}

/** Where a log ends now. */
export function endOf(path: string): LogPosition {
  for (;;) {
    const last = logFiles(path).at(-1);
    if (!last) return { number: 0, offset: 0 };
    if (last.path !== path) return { number: last.number, offset: Number.POSITIVE_INFINITY };
    const fd = openIfThere(path);
    if (fd === undefined) continue;
    try {
      const { size } = fstatSync(fd);
      if (logFiles(path).at(-1)?.number === last.number) return { number: last.number, offset: size };
    } finally {
      closeSync(fd);
    }
  }
}

/** Undefined when there is nothing of this name. */
function openIfThere(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
