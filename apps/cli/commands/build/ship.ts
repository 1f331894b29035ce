import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isBerthError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import type { Wanted } from './read/wanted.ts';
import { cacheFolder, openHashCache } from './source/hash-cache.ts';
import { sendable, sendByListing } from './source/send-listing.ts';
import { contextTar } from './source/send-tar.ts';
import type { DirectorySource, DockerfilePlace, ExtraFile, Source } from './source/source.ts';
import { type SourceFile, walkContext } from './source/walk.ts';

/** Contexts of more bytes are announced first, so that the engine is only sent what it lacks. */
const SMALL = 256 * 1024;
const BLOCK = 512;

/** A context ready to be built from: it is with the engine (`contextId`), or goes along as the request's body. */
export interface Shipment {
  /** The `dockerfile` parameter: a path in the context. */
  dockerfile: string;
  /** The Dockerfile's text when it is not in the context: for a session. */
  text?: string;
  contextId?: string;
  body?: AsyncIterable<Uint8Array>;
  /** Size as the archive that stock clients would send; undefined when only sending tells. */
  size?: number;
  /** Bytes that were really sent ahead. */
  sent?: number;
}

export interface ShipOptions {
  /** The engine is ours, as far as is known: contexts may be announced and Dockerfiles sent apart. */
  sessions: boolean;
  /** Tells what of a large context is of use; undefined: all. */
  wanted?: (source: DirectorySource) => Promise<Wanted | undefined>;
  onSent?: (bytes: number) => void;
}

/** Sends a context, or prepares to. Errors: CliError; those of the engine. */
export async function shipContext(context: Context, source: Source, options: ShipOptions): Promise<Shipment> {
  const { sessions } = options;
  if (source.kind === 'archive') {
    if ('inContext' in source.dockerfile) return { dockerfile: source.dockerfile.inContext, body: source.body };
    if (!sessions) throw new CliError('a Dockerfile beside an archive needs an engine of Berth');
    return { ...outside(source.dockerfile), body: source.body };
  }
  const files = source.root === '' ? [] : filesOf(source, undefined);
  const inside = 'inContext' in source.dockerfile;
  if (sessions) {
    const bytes = files.reduce((sum, { type, stat }) => sum + (type === 'file' ? stat.size : 0), 0);
    if (bytes > SMALL) {
      const wanted = await options.wanted?.(source);
      const chosen = wanted ? filesOf(source, wanted) : files;
      const shipment = await announced(context, chosen, { ...options, root: source.root });
      if (shipment) return { ...shipment, ...place(source.dockerfile) };
    }
    if (inside || source.root !== '')
      return { ...place(source.dockerfile), body: contextTar(files), size: tarSize(files) };
  }
  if (inside) return { ...place(source.dockerfile), body: contextTar(files), size: tarSize(files) };
  return withExtra(source.root, files, source.dockerfile as Extract<DockerfilePlace, { text: Buffer }>);
}

function place(dockerfile: DockerfilePlace): Pick<Shipment, 'dockerfile' | 'text'> {
  return 'inContext' in dockerfile ? { dockerfile: dockerfile.inContext } : outside(dockerfile);
}

function outside({ name, text }: { name: string; text: Buffer }): Pick<Shipment, 'dockerfile' | 'text'> {
  return { dockerfile: name, text: text.toString('utf8') };
}

function filesOf(source: DirectorySource, wanted: Wanted | undefined): SourceFile[] {
  const { rules, dockerfile } = source;
  // The engine needs both of them whatever the rules say; it leaves them out of the image by itself.
  const kept = new Set(['.dockerignore', 'inContext' in dockerfile ? dockerfile.inContext : '']);
  const above = new Set([...kept].flatMap(parentsOf));
  return walkContext(source.root, {
    rules: {
      name: rules.name,
      verdict: (path) => (kept.has(path) ? { excluded: false, rule: undefined } : rules.verdict(path)),
      isPruned: (path) => !above.has(path) && rules.isPruned(path),
    },
    ...(wanted && { wanted: (path, isDirectory) => kept.has(path) || above.has(path) || wanted(path, isDirectory) }),
  });
}

function parentsOf(path: string): string[] {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, at) => parts.slice(0, at + 1).join('/'));
}

/** Undefined when the engine is not ours. */
async function announced(
  context: Context,
  all: readonly SourceFile[],
  { root, onSent }: ShipOptions & { root: string },
): Promise<Pick<Shipment, 'contextId' | 'size' | 'sent'> | undefined> {
  const files = sendable(all);
  const cache = openHashCache(cacheFolder(context.env), root);
  try {
    const { id, sent } = await sendByListing(context.client, files, { cache, ...(onSent && { onSent }) });
    return { contextId: id, size: tarSize(files), sent };
  } catch (error) {
    if (isBerthError(error, 'not-found')) return undefined;
    throw error;
  }
}

/**
 * For engines that take nothing but an archive: the Dockerfile goes along under a name that nobody has, and .dockerignore keeps
 * it out of the image, as Docker's client does it. A Dockerfile alone needs no other name.
 */
function withExtra(root: string, files: readonly SourceFile[], { text }: { name: string; text: Buffer }): Shipment {
  if (root === '')
    return {
      dockerfile: 'Dockerfile',
      body: contextTar([], [{ path: 'Dockerfile', content: text }]),
      size: tarSize([], text.length),
    };
  const name = `.dockerfile.${randomBytes(10).toString('hex')}`;
  const others = files.filter(({ path }) => path !== '.dockerignore');
  const had = others.length < files.length ? `${readFileSync(join(root, '.dockerignore'), 'utf8')}\n` : '';
  const extra: ExtraFile[] = [
    { path: name, content: text },
    { path: '.dockerignore', content: Buffer.from(`${had}.dockerignore\n${name}\n`) },
  ];
  return {
    dockerfile: name,
    body: contextTar(others, extra),
    size: tarSize(others, ...extra.map(({ content }) => content.length)),
  };
}

/** Bytes of the archive that `contextTar` makes, up to names that need more than one block. */
export function tarSize(files: readonly SourceFile[], ...extra: number[]): number {
  const blocks = (bytes: number) => Math.ceil(bytes / BLOCK) * BLOCK;
  const seen = new Set<string>();
  let size = 2 * BLOCK;
  for (const { type, stat } of files) {
    size += BLOCK;
    if (type !== 'file') continue;
    const inode = `${stat.dev}:${stat.ino}`;
    if (stat.nlink > 1 && seen.has(inode)) continue;
    seen.add(inode);
    size += blocks(stat.size);
  }
  for (const bytes of extra) size += BLOCK + blocks(bytes);
  return size;
}
