import { type TarEntry, TarParser } from '@berth/oci';
import { decompressed, describeArchiveError } from '../../archives/index.ts';
import type { ContextContents, Receiver } from './contents.ts';
import { EntryIndex, type GivenEntry } from './entry-index.ts';
import type { BuildContext } from './model.ts';
import { openContext } from './open-context.ts';

const SUBJECT = 'build context';
const NO_LINK = Buffer.alloc(0);

/**
 * Takes in a context as stock clients send it: a tar, plain, gzip or zstd. Owners are forgotten, as COPY does; devices and
 * pipes have no place in an image's build and are passed over. Errors: invalid (hostile or broken archive), unavailable
 * (disk full), and what the source throws.
 */
export async function contextFromTar(
  source: AsyncIterable<Uint8Array>,
  contents: ContextContents,
): Promise<BuildContext> {
  const index = new EntryIndex();
  const held: string[] = [];
  let received = 0;
  const counted = (async function* () {
    for await (const chunk of source) {
      received += chunk.length;
      yield chunk;
    }
  })();
  const state: { entry?: TarEntry; file?: Receiver } = {};
  try {
    const parser = new TarParser();
    for await (const chunk of decompressed(counted)) {
      for (const event of parser.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) {
        if (event.kind === 'entry') {
          begin(event.entry, index);
          state.entry = event.entry;
          if (event.entry.type === 'file') state.file = contents.receive(event.entry.size);
        } else if (event.kind === 'data') await state.file?.write(event.data, event.position);
        else if (state.file && state.entry) {
          const { sha256 } = await state.file.end();
          held.push(sha256);
          delete state.file;
          index.add(state.entry.name, given(state.entry, 'file', sha256));
        }
      }
    }
    parser.finish();
    await contents.settle();
    return openContext(index.finish(), { contents, held, received });
  } catch (error) {
    await state.file?.abort();
    await contents.settle().catch(() => undefined);
    await contents.release(held);
    throw describeArchiveError(SUBJECT, error, state.entry?.name);
  }
}

/** What has no content; files come with their end. */
function begin(entry: TarEntry, index: EntryIndex): void {
  if (entry.type === 'hardlink') index.link(entry.name, entry.linkName);
  else if (entry.type === 'directory' || entry.type === 'symlink') index.add(entry.name, given(entry, entry.type, ''));
}

function given(entry: TarEntry, type: GivenEntry['type'], sha256: string): GivenEntry {
  const { mode, mtime, xattrs, linkName } = entry;
  const size = type === 'file' ? entry.size : 0;
  return { type, mode, mtime, size, sha256, link: type === 'symlink' ? Buffer.from(linkName) : NO_LINK, xattrs };
}
