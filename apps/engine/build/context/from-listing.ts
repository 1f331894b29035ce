import type { ContextLine } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { type TarEntry, TarParser } from '@berth/oci';
import type { ContextContents, Receiver } from './contents.ts';
import { EntryIndex, invalid } from './entry-index.ts';
import type { BuildContext } from './model.ts';
import { openContext } from './open-context.ts';

/** A line of a listing and a listing as a whole. */
const LINE_MAX = 64 * 1024;
const LISTING_MAX = 512 * 1024 * 1024;
const HEX = /^[0-9a-f]{64}$/;
const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

/** A context whose listing is here, and perhaps not all of its contents. */
export interface ListedContext {
  /** SHA-256 of contents that must still come. */
  readonly missing: ReadonlySet<string>;
  /** Takes a tar whose files are named by the SHA-256 of their contents. Errors: invalid. */
  receive(archive: AsyncIterable<Uint8Array>): Promise<void>;
  /** Errors: conflict while contents are missing. */
  open(): BuildContext;
  release(): Promise<void>;
}

/** Reads a listing (JSON, a ContextLine a line) and holds what of it is here. Errors: invalid. */
export async function contextFromListing(
  source: AsyncIterable<Uint8Array>,
  contents: ContextContents,
): Promise<ListedContext> {
  const index = new EntryIndex();
  const files = new Map<string, number>();
  let received = 0;
  for await (const line of linesOf(source)) {
    received += line.length;
    const entry = readLine(line);
    if (entry.type === 'file') files.set(entry.sha256, entry.size);
    index.add(entry.name, { ...entry, xattrs: NO_XATTRS });
  }
  const entries = index.finish();
  await contents.settle();
  const { held, missing } = await contents.hold([...files].map(([sha256, size]) => ({ sha256, size })));
  const wanted = new Set(missing);
  return {
    missing: wanted,
    async receive(archive) {
      for await (const chunk of receiveFiles(archive, { contents, wanted, files, held })) received += chunk;
      await contents.settle();
    },
    open() {
      if (wanted.size > 0)
        throw new BerthError('conflict', `${wanted.size} files of the build context have not been sent`);
      return openContext(entries, { contents, held, received });
    },
    release: () => contents.release(held),
  };
}

interface Wanted {
  contents: ContextContents;
  wanted: Set<string>;
  files: ReadonlyMap<string, number>;
  held: string[];
}

/** Gives the length of each piece that was taken. */
async function* receiveFiles(archive: AsyncIterable<Uint8Array>, { contents, wanted, files, held }: Wanted) {
  const parser = new TarParser();
  let file: { name: string; receiver: Receiver } | undefined;
  try {
    for await (const chunk of archive) {
      for (const event of parser.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))) {
        if (event.kind === 'entry') file = begin(event.entry, contents, wanted, files);
        else if (event.kind === 'data') await file?.receiver.write(event.data, event.position);
        else if (file) {
          const { sha256 } = await file.receiver.end();
          if (sha256 === file.name && wanted.delete(sha256)) held.push(sha256);
          else await contents.release([sha256]);
          if (sha256 !== file.name) throw invalid(`a file has not the content that it was announced with`);
          file = undefined;
        }
      }
      yield chunk.length;
    }
    parser.finish();
  } catch (error) {
    await file?.receiver.abort();
    throw error;
  }
}

function begin(
  entry: TarEntry,
  contents: ContextContents,
  wanted: ReadonlySet<string>,
  files: ReadonlyMap<string, number>,
): { name: string; receiver: Receiver } {
  const name = entry.name.toString('latin1');
  if (entry.type !== 'file' || !wanted.has(name)) throw invalid('a file was sent that was not asked for', entry.name);
  if (entry.size !== files.get(name)) throw invalid('a file has not the size that it was announced with');
  return { name, receiver: contents.receive(entry.size) };
}

async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  let total = 0;
  for await (const chunk of source) {
    total += chunk.length;
    if (total > LISTING_MAX) throw invalid(`its listing has more than ${LISTING_MAX} bytes`);
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LINE_MAX) throw invalid('a line of its listing is too long');
    yield* lines.filter((line) => line !== '');
  }
  rest += decoder.decode();
  if (rest !== '') yield rest;
}

function readLine(text: string) {
  let line: Partial<ContextLine>;
  try {
    line = JSON.parse(text) as Partial<ContextLine>;
  } catch (cause) {
    throw new BerthError('invalid', 'invalid build context: a line of its listing is not JSON', { cause });
  }
  const { path, type, mode, mtime, size = 0, sha256 = '', link = '' } = line ?? {};
  const name = typeof path === 'string' ? Buffer.from(path) : Buffer.alloc(0);
  const whole = (value: unknown): value is number => Number.isSafeInteger(value) && Number(value) >= 0;
  if (name.length === 0 || !whole(mode) || mode > 0o7777 || !whole(size) || !Number.isFinite(mtime))
    throw invalid('a line of its listing is not one', name);
  const nanoseconds = BigInt(Math.round((mtime ?? 0) * 1e6)) * 1000n;
  const rest = { name, mode, mtime: nanoseconds };
  if (type === 'directory') return { ...rest, type, size: 0, sha256: '', link: Buffer.alloc(0) };
  if (type === 'symlink' && typeof link === 'string' && link !== '')
    return { ...rest, type, size: 0, sha256: '', link: Buffer.from(link) };
  if (type === 'file' && HEX.test(sha256)) return { ...rest, type, size, sha256, link: Buffer.alloc(0) };
  throw invalid('a line of its listing is not one', name);
}
