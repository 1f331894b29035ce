import { readSync } from 'node:fs';
import { TarParser } from '@berth/oci';

/** Something that must not be in a layer. */
export interface Forbidden {
  /** Name of the secret. */
  id: string;
  value: Uint8Array;
}

/** Where one was found. */
export interface Found {
  id: string;
  /** Of the file in the layer, for people. */
  path: string;
}

/** Looks for values in bytes that come in pieces, also across their borders. */
export class SecretFinder {
  readonly #values: { id: string; value: Buffer }[];
  readonly #overlap: number;
  #rest: Buffer = Buffer.alloc(0);

  constructor(forbidden: readonly Forbidden[]) {
    this.#values = forbidden.map(({ id, value }) => ({ id, value: Buffer.from(value) }));
    this.#overlap = Math.max(0, ...this.#values.map(({ value }) => value.length - 1));
  }

  /** The id of a value that ends in this piece. */
  push(piece: Uint8Array): string | undefined {
    if (this.#values.length === 0) return undefined;
    const bytes = Buffer.concat([this.#rest, piece]);
    this.#rest = this.#overlap === 0 ? Buffer.alloc(0) : Buffer.from(bytes.subarray(-this.#overlap));
    return this.#values.find(({ value }) => bytes.includes(value))?.id;
  }

  /** What comes next has nothing to do with what came before. */
  begin(): void {
    this.#rest = Buffer.alloc(0);
  }
}

const CHUNK = 256 * 1024;

/** Which file of an archive, open for reading, has the value; only called once it is known to be in there. */
export function findSecret(archive: number, forbidden: readonly Forbidden[]): Found | undefined {
  const parser = new TarParser();
  const finder = new SecretFinder(forbidden);
  const buffer = Buffer.alloc(CHUNK);
  let path = '';
  for (let at = 0; ; ) {
    const count = readSync(archive, buffer, 0, CHUNK, at);
    if (count === 0) return undefined;
    at += count;
    for (const event of parser.push(Buffer.from(buffer.subarray(0, count)))) {
      if (event.kind === 'entry') {
        finder.begin();
        path = event.entry.name.toString('utf8');
        const id = finder.push(event.entry.name) ?? finder.push(event.entry.linkName);
        if (id !== undefined) return { id, path };
        finder.begin();
      } else if (event.kind === 'data') {
        const id = finder.push(event.data);
        if (id !== undefined) return { id, path };
      }
    }
  }
}
