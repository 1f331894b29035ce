import { BerthError } from '@berth/kit';
import { type BlobStore, type Digest, type Expected, readTar, type TarFile } from '@berth/oci';
import { decompressed } from '../archives/index.ts';

/** The files of an image archive: tables of contents in memory, everything else in the blob store. */
export interface ArchiveFiles {
  /** One of the tables of contents, or undefined when the archive does not have it. */
  document(name: string): Buffer | undefined;
  /** A file by its name in the archive, links followed. Errors: invalid when it is not there. */
  file(name: string): StoredFile;
  /** A file by its digest, under whatever name it came; undefined when it is not there. */
  byDigest(digest: Digest): StoredFile | undefined;
  /** Errors: invalid when it is longer than `limit` bytes. */
  read(file: StoredFile, limit: number): Promise<Buffer>;
  /** The first bytes of a file. */
  head(file: StoredFile): Promise<Buffer>;
  /** Takes a compressed file in once more without its compression. Errors: invalid, not-supported. */
  inflate(file: StoredFile): Promise<StoredFile>;
}

export interface StoredFile {
  digest: Digest;
  size: number;
}

const DOCUMENTS = new Set(['manifest.json', 'index.json', 'oci-layout']);
const DOCUMENT_LIMIT = 4 * 1024 * 1024;
const FILES_MAX = 10_000;
const NAME_MAX = 4096;
const LINKS_MAX = 8;

/** Reads an archive to its end. Errors: invalid. */
export async function takeInFiles(
  blobs: BlobStore,
  lease: { hold(digest: Digest): void },
  archive: AsyncIterable<Uint8Array>,
): Promise<ArchiveFiles> {
  const documents = new Map<string, Buffer>();
  const stored = new Map<string, StoredFile>();
  const links = new Map<string, string>();
  const digests = new Map<Digest, StoredFile>();
  const take = async ({ entry, content }: TarFile) => {
    const name = cleanName(entry.name.toString(), '');
    if (stored.size + links.size > FILES_MAX) throw broken(`it has more than ${FILES_MAX} files`);
    if (entry.type === 'symlink') links.set(name, cleanName(entry.linkName.toString(), name));
    else if (entry.type === 'hardlink') links.set(name, cleanName(entry.linkName.toString(), ''));
    else if (entry.type === 'file' && DOCUMENTS.has(name)) documents.set(name, await gather(content, entry.size, name));
    else if (entry.type === 'file') {
      const file = await blobs.put(content, expectation(name, entry.size));
      lease.hold(file.digest);
      stored.set(name, file);
      digests.set(file.digest, file);
    } else if (entry.type !== 'directory') throw broken(`${JSON.stringify(name)} is a ${entry.type}`);
  };
  await readTar(archive, take, { givesPieces: true });

  return {
    document: (name) => documents.get(name),
    file: (name) => {
      let at = cleanName(name, '');
      for (let count = 0; count < LINKS_MAX; count++) {
        const file = stored.get(at);
        if (file) return file;
        const target = links.get(at);
        if (target === undefined) break;
        at = target;
      }
      throw broken(`${JSON.stringify(name)} is not in it`);
    },
    byDigest: (digest) => digests.get(digest),
    read: ({ digest }, limit) => blobs.readAll(digest, limit),
    head: async ({ digest }) => {
      for await (const piece of blobs.createReadStream(digest, { end: 15 })) return piece as Buffer;
      return Buffer.alloc(0);
    },
    inflate: async ({ digest }) => {
      const file = await blobs.put(decompressed(blobs.createReadStream(digest)));
      lease.hold(file.digest);
      return file;
    },
  };
}

/** A file of an OCI layout says its digest in its name. */
function expectation(name: string, size: number): Expected {
  const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
  return hex === undefined ? { size } : { size, digest: `sha256:${hex}` };
}

/** Only a key of a table, never a path on disk; still, what points outside is refused. */
function cleanName(name: string, relativeTo: string): string {
  if (name.length > NAME_MAX || name.startsWith('/')) throw broken('a name is too long or absolute');
  const parts = relativeTo === '' ? [] : relativeTo.split('/').slice(0, -1);
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw broken('a name leads outside of it');
  }
  return parts.join('/');
}

async function gather(content: AsyncIterable<Buffer>, size: number, name: string): Promise<Buffer> {
  if (size > DOCUMENT_LIMIT) throw broken(`${name} is larger than ${DOCUMENT_LIMIT} bytes`);
  const pieces: Buffer[] = [];
  // Copied: the parser uses its memory again.
  for await (const piece of content) pieces.push(Buffer.from(piece));
  return Buffer.concat(pieces);
}

export function broken(what: string): BerthError {
  return new BerthError('invalid', `invalid image archive: ${what}`);
}
