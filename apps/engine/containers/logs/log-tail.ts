import { fstatSync, readSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { fileAfter } from './files.ts';
import { ENTRY_HEADER, HEADROOM, type LogFormat, LogParser } from './parse.ts';
import type { LogPosition } from './tail-start.ts';
import { LogWatch } from './watch.ts';

export interface LogTailOptions extends LogFormat {
  /** Go on when the end is reached, until `ended` is aborted and everything written before that was passed on. */
  follow: boolean;
  /** Aborted when the container has ended and its monitor has closed the log. */
  ended?: AbortSignal;
}

/** Bytes of one read: large while catching up, small while waiting for single lines. */
const LARGE = 256 * 1024;
const SMALL = 16 * 1024;

/**
 * Reads a log from a position on and yields output ready to be written: frames or bare bytes, in order, byte for byte
 * what the container wrote. Reads the next piece only when the consumer asks, so a slow consumer costs no memory and
 * never holds the container up. Follows the log through rotation and truncation. Breaking out of the loop, or return(),
 * closes everything, also while waiting.
 */
export class LogTail implements AsyncIterableIterator<Buffer> {
  readonly #path: string;
  readonly #options: LogTailOptions;
  readonly #parser: LogParser;
  #start: LogPosition | undefined;
  #file: FileHandle | undefined;
  #inode = 0n;
  #offset = 0;
  /** Without follow: where the live file ended when reading began; a busy container would be read for ever. */
  #limit = Number.POSITIVE_INFINITY;
  /** Unused bytes from the end of the last read. */
  #rest: Buffer = Buffer.alloc(0);
  #size = LARGE;
  #watch: LogWatch | undefined;
  #closed = false;

  /** `path`: the live file; `start`: a position in it or in a rotated one, undefined while there is no file yet. */
  constructor(path: string, start: LogPosition | undefined, options: LogTailOptions) {
    this.#path = path;
    this.#start = start;
    this.#options = options;
    this.#parser = new LogParser(options);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async next(): Promise<IteratorResult<Buffer, undefined>> {
    try {
      while (!this.#closed && !this.#parser.done) {
        const output = await this.#read();
        if (this.#closed) break; // meanwhile; what was opened since is closed below
        if (output === undefined) {
          if (!(await this.#goOn())) break;
        } else if (output.length > 0) return { done: false, value: output };
      }
    } catch (error) {
      await this.return();
      throw error;
    }
    return this.return();
  }

  async return(): Promise<{ done: true; value: undefined }> {
    this.#closed = true;
    this.#watch?.close();
    this.#watch = undefined;
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
    return { done: true, value: undefined };
  }

  /** The next piece of output, perhaps empty; undefined at the end of the file. */
  async #read(): Promise<Buffer | undefined> {
    if (!this.#file && !(await this.#openStart())) return undefined;
    const wanted = Math.min(this.#size, this.#limit - this.#offset);
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
    const file = this.#start?.file ?? fileAfter(this.#path, -1n);
    if (file === undefined) return false;
    await this.#open(file, this.#start?.offset ?? 0);
    return true;
  }

  async #open(file: string, offset: number): Promise<void> {
    await this.#file?.close();
    this.#file = await open(file, 'r');
    const { ino, size } = await this.#file.stat({ bigint: true });
    this.#inode = ino;
    this.#offset = offset;
    if (!this.#options.follow) this.#limit = Number(size);
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
    const next = fileAfter(this.#path, this.#inode);
    if (next === undefined) return false;
    if (this.#options.follow && fstatSync(this.#file.fd).size > this.#offset) {
      // Written between our last read and the rotation: read on, and look again afterwards.
      this.#watch?.keepRenamed();
      return true;
    }
    await this.#open(next, 0);
    return true;
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
