import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { BerthError } from '@berth/kit';
import type { ArtifactLayout } from '../../images/index.ts';

/** A cache that nobody fetches is dropped after this time. */
const UNUSED_MS = 10 * 60 * 1000;
const WAITING_MAX = 64;

/** Caches that were exported for a client (`--cache-to type=local`) until it fetches them. In memory only. */
export class CacheExports {
  readonly #waiting = new Map<string, { layout: ArtifactLayout; timer: NodeJS.Timeout }>();

  /** Takes one over and names it. Errors: unavailable (too many wait); it is closed then. */
  async add(layout: ArtifactLayout): Promise<string> {
    if (this.#waiting.size >= WAITING_MAX) {
      await layout.close();
      throw new BerthError('unavailable', 'too many exported build caches wait to be fetched');
    }
    const id = randomBytes(16).toString('hex');
    const timer = setTimeout(() => void this.#drop(id)?.close(), UNUSED_MS).unref();
    this.#waiting.set(id, { layout, timer });
    return id;
  }

  /** The tar of an OCI image layout, once. Errors: not-found. */
  fetch(id: string): Readable {
    const layout = this.#drop(id);
    if (!layout) throw new BerthError('not-found', `no such exported build cache: ${id}`);
    const stream = Readable.from(layout.archive(), { objectMode: false });
    stream.once('close', () => void layout.close());
    return stream;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#waiting.keys()].map((id) => this.#drop(id)?.close()));
  }

  #drop(id: string): ArtifactLayout | undefined {
    const found = this.#waiting.get(id);
    this.#waiting.delete(id);
    clearTimeout(found?.timer);
    return found?.layout;
  }
}
