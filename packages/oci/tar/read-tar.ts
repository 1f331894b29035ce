import { BerthError } from '@berth/kit';
import type { TarEntry } from './entry.ts';
import { TarParser } from './parser.ts';

/** An entry with its content, which is to be read before `take` returns; what is left is passed over. */
export interface TarFile {
  entry: TarEntry;
  content: AsyncIterable<Buffer>;
}

/**
 * Calls `take` for each entry of an archive, one after the other, and waits for it. Errors: invalid (broken archive;
 * sparse files, which no image archive has), and what `take` and the source throw.
 */
export async function readTar(
  source: AsyncIterable<Uint8Array>,
  take: (file: TarFile) => Promise<void>,
): Promise<void> {
  const events = eventsOf(source);
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

async function* eventsOf(source: AsyncIterable<Uint8Array>) {
  const parser = new TarParser();
  for await (const chunk of source) {
    yield* parser.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
  }
  parser.finish();
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
