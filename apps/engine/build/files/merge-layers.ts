import { lstatSync, readdirSync, rmSync } from 'node:fs';
import type { TarEntry } from '@berth/oci';
import { TreeWriter } from '../../archives/index.ts';

const WHITEOUT = '.wh.';
const OPAQUE = '.wh..wh..opq';
const AUFS = '.wh..wh.';

/**
 * Applies the archive of a layer to the files below the calling thread's root, which are those of the layers below it: what
 * it takes away is removed. Errors: invalid.
 */
export class LayerApplier extends TreeWriter {
  /** What came with this layer stays, whatever it takes away of those below. */
  readonly #own = new Set<string>();

  constructor(limits: { maxBytes: number; maxEntries: number }) {
    super({ limits, subject: 'layer archive', base: '/' });
  }

  protected override place(entry: TarEntry, parts: string[]): void {
    const base = parts.at(-1);
    if (base === undefined) {
      if (entry.type === 'directory') this.attributes(this.pathOf([]), entry);
    } else if (base === OPAQUE) this.#clear(parts.slice(0, -1));
    else if (base.startsWith(AUFS)) return;
    else if (base.startsWith(WHITEOUT)) this.#remove([...parts.slice(0, -1), base.slice(WHITEOUT.length)]);
    else {
      this.#own.add(parts.join('/'));
      this.create(entry, parts);
    }
  }

  #clear(parts: string[]): void {
    const directory = this.pathOf(parts);
    if (!lstatSync(directory, { throwIfNoEntry: false })?.isDirectory()) return;
    for (const name of readdirSync(directory, { encoding: 'latin1' })) this.#remove([...parts, name]);
  }

  #remove(parts: string[]): void {
    if (this.#own.has(parts.join('/'))) return;
    rmSync(this.pathOf(parts), { recursive: true, force: true });
  }
}
