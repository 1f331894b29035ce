import { closeSync, openSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Logger } from '@berth/kit';
import { syncFileSystem } from '../linux/file.ts';
import type { ImageStore } from './store.ts';

/** A flush of the whole file system waits for everybody's data: many images that come one after the other share one. */
const DELAY_MS = 500;
const AT_ONCE = 8;

/**
 * Brings content to disk. Blobs before there are rows of them: nothing could replace them. Layers some time after: what a
 * power cut takes of them is unpacked again from blobs (`repair-layers.ts`), which row and boot tell; an engine that is
 * killed loses nothing.
 */
export class Durability {
  readonly #root: string;
  readonly #store: ImageStore;
  readonly #log: Logger;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #closed = false;
  /** Of the machine: what was written since then is in the kernel's memory at least. */
  readonly boot: string = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();

  /** `root`: a directory on the file system of the layers. */
  constructor(root: string, store: ImageStore, log: Logger) {
    this.#root = root;
    this.#store = store;
    this.#log = log;
  }

  /** These files and their names are on disk when it resolves. */
  async files(paths: readonly string[]): Promise<void> {
    const waiting = [...paths];
    const worker = async () => {
      for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) await sync(path);
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, waiting.length) }, worker));
    for (const directory of new Set(paths.map((path) => dirname(path)))) await sync(directory);
  }

  /** Everything written so far is on disk when it resolves. */
  async everything(): Promise<void> {
    const fd = openSync(this.#root, 'r');
    try {
      await syncFileSystem(fd);
    } finally {
      closeSync(fd);
    }
  }

  /** Sees to the layers that have rows as unflushed. */
  layersSoon(): void {
    if (this.#closed || this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#running = this.#running.then(() => this.#flushLayers());
    }, DELAY_MS);
    this.#timer.unref();
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #flushLayers(): Promise<void> {
    if (this.#closed) return;
    const layers = this.#store.unflushedLayers().filter(({ boot }) => boot === this.boot);
    if (layers.length === 0) return;
    try {
      await this.everything();
      if (!this.#closed) this.#store.setFlushed(layers.map(({ diffId }) => diffId));
    } catch (error) {
      this.#log.warn('layers cannot be brought to disk; they are unpacked again after a power cut', { error });
    }
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
