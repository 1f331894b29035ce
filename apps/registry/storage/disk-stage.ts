import { type FileHandle, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Stage } from './driver.ts';
import { syncDirectory } from './sync-directory.ts';

type Move = (from: string, key: string) => Promise<void>;

const READ_BYTES = 1024 * 1024;

/** A stage as a file. Its length is the truth: bytes are written in order, so what a crash left is a beginning. */
export class DiskStage implements Stage {
  readonly id: string;
  readonly #path: string;
  readonly #move: Move;
  readonly #file: FileHandle;
  #size: number;
  #open = true;
  #flushed = false;
  /** Its name lasts as well. */
  #named = false;

  private constructor(file: FileHandle, path: string, id: string, size: number, move: Move) {
    this.#file = file;
    this.#path = path;
    this.id = id;
    this.#size = size;
    this.#move = move;
  }

  static async begin(path: string, id: string, move: Move): Promise<Stage> {
    return new DiskStage(await open(path, 'wx+', 0o600), path, id, 0, move);
  }

  /** Fails with ENOENT when it is not there. */
  static async reopen(path: string, id: string, move: Move): Promise<Stage> {
    const file = await open(path, 'r+');
    return new DiskStage(file, path, id, (await file.stat()).size, move);
  }

  get size(): number {
    return this.#size;
  }

  async append(chunk: Uint8Array): Promise<void> {
    this.#flushed = false;
    for (let at = 0; at < chunk.byteLength; ) {
      const { bytesWritten } = await this.#file.write(chunk, at, chunk.byteLength - at, this.#size);
      at += bytesWritten;
      this.#size += bytesWritten;
    }
  }

  async flush(): Promise<void> {
    await this.#flushBytes();
    if (this.#named) return;
    await syncDirectory(dirname(this.#path));
    this.#named = true;
  }

  async #flushBytes(): Promise<void> {
    if (this.#flushed) return;
    await this.#file.datasync();
    this.#flushed = true;
  }

  async *read(range = { start: 0, end: this.#size - 1 }): AsyncGenerator<Uint8Array> {
    const end = range.end + 1;
    const buffer = Buffer.allocUnsafe(Math.min(READ_BYTES, Math.max(1, end - range.start)));
    for (let at = range.start; at < end; ) {
      const { bytesRead } = await this.#file.read(buffer, 0, Math.min(buffer.length, end - at), at);
      if (bytesRead === 0) throw new Error(`${this.#path} is shorter than what was written`);
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async promote(key: string): Promise<void> {
    await this.#flushBytes(); // its name of now need not last
    await this.close();
    await this.#move(this.#path, key);
  }

  async discard(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    await this.#file.close();
  }
}
