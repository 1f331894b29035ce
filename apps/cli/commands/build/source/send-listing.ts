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
  const lines = files.map((file) => describe(file, cache));
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
    await sendContextFiles(client, id, contentsTar(chosen, counted)).catch((error: unknown) => {
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

function describe(file: SourceFile, cache: HashCache): ContextLine {
  const { path, stat, type, link } = file;
  const line = { path, mode: stat.mode & 0o7777, mtime: Math.floor(stat.mtimeMs / 1000) };
  if (type === 'symlink') return { ...line, type, link: link ?? '' };
  if (type === 'directory') return { ...line, type };
  return { ...line, type: 'file', size: stat.size, sha256: cache.digest(file) };
}

async function* contentsTar(
  files: ReadonlyMap<string, SourceFile>,
  counted: (bytes: number) => void,
): AsyncGenerator<Uint8Array, void> {
  let pieces: Uint8Array[] = [];
  let size = 0;
  for (const [sha256, file] of files) {
    const { size: length } = file.stat;
    pieces.push(encodeTarHeader({ name: sha256, type: 'file', size: length }));
    for (const chunk of readSource(file)) {
      pieces.push(Buffer.from(chunk));
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
