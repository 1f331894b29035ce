import { announceContext, type EngineClient, sendContextFiles } from '@berth/client';
import type { ContextLine } from '@berth/contract';
import { encodeTarHeader, TAR_END, tarPadding } from '@berth/oci/tar';
import { CliError } from '../../../cli-error.ts';
import type { HashCache } from './hash-cache.ts';
import { readSource } from './read-file.ts';
import type { SourceFile } from './walk.ts';

const PIECE = 64 * 1024;

/** What was sent of a context. */
export interface SentContext {
  /** Names it in a build session. */
  id: string;
  files: number;
  /** Bytes of the contents that the engine did not have. */
  sent: number;
}

/**
 * Announces a context to an engine of ours and sends the contents that it lacks. Errors: not-found where the engine is
 * another; CliError when a file changes meanwhile.
 */
export async function sendByListing(
  client: EngineClient,
  files: readonly SourceFile[],
  { cache, onSent }: { cache: HashCache; onSent?: (bytes: number) => void },
): Promise<SentContext> {
  const read = keepSome();
  const lines = files.map((file) => describe(file, cache, read.keep));
  const { id, missing } = await announceContext(client, lines);
  const wanted = new Set(missing);
  let sent = 0;
  if (wanted.size > 0) {
    const chosen = new Map<string, SourceFile>();
    for (const [index, { sha256 }] of lines.entries()) {
      const file = files[index];
      if (file && sha256 !== undefined && wanted.has(sha256) && !chosen.has(sha256)) chosen.set(sha256, file);
    }
    const counted = (bytes: number) => {
      sent += bytes;
      onSent?.(sent);
    };
    await sendContextFiles(client, id, contentsTar(chosen, read.contents, counted)).catch((error: unknown) => {
      if (error instanceof Error && /content that it was announced with/.test(error.message))
        throw new CliError('cannot send the build context: a file changed while it was being read');
      throw error;
    });
  }
  cache.save();
  return { id, files: lines.length, sent };
}

/** Pipes and devices have no content that an image could take; they are left out. */
export function sendable(files: readonly SourceFile[]): SourceFile[] {
  return files.filter(({ type }) => type !== 'fifo' && type !== 'device');
}

/** Contents that were read for their digest, so that most files are read once only. */
const KEPT_MAX = 64 * 1024 * 1024;

function keepSome(): { contents: Map<string, Buffer>; keep: (sha256: string, content: Buffer) => void } {
  const contents = new Map<string, Buffer>();
  let size = 0;
  return {
    contents,
    keep(sha256, content) {
      if (size + content.length > KEPT_MAX) return;
      size += content.length;
      contents.set(sha256, content);
    },
  };
}

function describe(file: SourceFile, cache: HashCache, keep: (sha256: string, content: Buffer) => void): ContextLine {
  const { path, stat, type, link } = file;
  const line = { path, mode: stat.mode & 0o7777, mtime: Math.floor(stat.mtimeMs / 1000) };
  if (type === 'symlink') return { ...line, type, link: link ?? '' };
  if (type === 'directory') return { ...line, type };
  return { ...line, type: 'file', size: stat.size, sha256: cache.digest(file, keep) };
}

async function* contentsTar(
  files: ReadonlyMap<string, SourceFile>,
  kept: ReadonlyMap<string, Buffer>,
  counted: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  for (const [sha256, file] of files) {
    const { size: length } = file.stat;
    pieces.push(encodeTarHeader({ name: sha256, type: 'file', size: length }));
    const content = kept.get(sha256);
    for (const chunk of content ? [content] : readSource(file)) {
      pieces.push(content ?? Buffer.from(chunk));
      size += chunk.length;
      if (size < PIECE) continue;
      counted(size);
      yield Buffer.concat(pieces);
      pieces = [];
      size = 0;
    }
    pieces.push(tarPadding(length));
  }
  counted(size);
  yield Buffer.concat([...pieces, TAR_END]);
}
