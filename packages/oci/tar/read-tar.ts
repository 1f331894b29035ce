import { BerthError } from '@berth/kit';
import type { TarEntry } from './entry.ts';
import { TarParser } from './parser.ts';

/** An entry with its content, which is to be read before `take` returns; what is left is passed over. */
export interface TarFile {
  entry: TarEntry;
  content: AsyncIterable<Buffer>;
}

export interface ReadTarOptions {
  /**
   * The pieces of the source are nobody else's: their memory is freed as soon as they are read, since a large archive would
   * have the collector at work all the time. Content may not be kept then, but copied.
   */
  givesPieces?: boolean;
}

/**
 * Calls `take` for each entry of an archive, one after the other, and waits for it. Errors: invalid (broken archive;
 * sparse files, which no image archive has), and what `take` and the source throw.
 */
export async function readTar(
  source: AsyncIterable<Uint8Array>,
  take: (file: TarFile) => Promise<void>,
  { givesPieces = false }: ReadTarOptions = {},
): Promise<void> {
  const events = eventsOf(source, givesPieces);
  try {
    for (let next = await events.next(); !next.done; next = await events.next()) {
      if (next.value.kind !== 'entry') continue;
      const content = contentOf(events, next.value.entry);
      await take({ entry: next.value.entry, content });
      for await (const _ of content) {
        // Left over by `take`.
      }
    }
  } finally {
    await events.return(undefined);
  }
}

async function* eventsOf(source: AsyncIterable<Uint8Array>, givesPieces: boolean) {
  const parser = new TarParser();
  for await (const chunk of source) {
    yield* parser.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    if (givesPieces) release(chunk);
  }
  parser.finish();
}

/** Memory that is shared with other pieces is left to the collector. */
function release({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

/** Not a generator: leaving a loop over it early must not end the archive's events. */
function contentOf(events: ReturnType<typeof eventsOf>, entry: TarEntry): AsyncIterable<Buffer> {
  let ended = false;
  let given = 0;
  const next = async (): Promise<IteratorResult<Buffer, undefined>> => {
    if (ended) return { done: true, value: undefined };
    const event = await events.next();
    if (event.done || event.value.kind !== 'data') {
      ended = true;
      if (given !== entry.size) throw sparse();
      return { done: true, value: undefined };
    }
    if (event.value.position !== given) throw sparse();
    given += event.value.data.length;
    return { done: false, value: event.value.data };
  };
  return { [Symbol.asyncIterator]: () => ({ next }) };
}

function sparse(): BerthError {
  return new BerthError('invalid', 'invalid tar archive: sparse files have no place in it');
}
