import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { fetchBuildCache } from '@berth/client';
import type { BuildSessionBody } from '@berth/contract';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import { unpackTree } from '../../container/copy/unpack-tree.ts';
import { cacheFolder, openHashCache } from '../source/hash-cache.ts';
import { NO_RULES } from '../source/ignore-rules.ts';
import { sendByListing } from '../source/send-listing.ts';
import { walkContext } from '../source/walk.ts';

/** Where `--cache-to type=local` goes, in the order of the flags; the engine is not told. Throws CliError. */
export function takeCacheDirectories(body: BuildSessionBody): string[] {
  const directories: string[] = [];
  for (const attributes of body.cacheTo ?? []) {
    if (attributes.type !== 'local') continue;
    const { dest = '' } = attributes;
    if (dest === '') throw new CliError('invalid value for --cache-to: dest required for local');
    const stat = statSync(dest, { throwIfNoEntry: false });
    if (stat && !stat.isDirectory()) throw new CliError(`cache directory ${dest} is a file`);
    delete attributes.dest;
    directories.push(dest);
  }
  return directories;
}

/** Sends the directories of `--cache-from type=local`. One that has no cache is left to the engine, which says so. */
export async function shipCaches(context: Context, body: BuildSessionBody): Promise<void> {
  for (const attributes of body.cacheFrom ?? []) {
    if (attributes.type !== 'local') continue;
    const { src = '' } = attributes;
    if (src === '') throw new CliError('invalid value for --cache-from: src required for local');
    const wanted = wantedOf(src);
    if (!wanted) continue;
    const files = walkContext(src, { rules: NO_RULES, wanted: (path) => wanted.has(path) });
    const plain = files.filter(({ type }) => type === 'file' || type === 'directory');
    const { id } = await sendByListing(context.client, plain, { cache: openHashCache(cacheFolder(context.env), src) });
    attributes.context = id;
  }
}

/** Names of the files that a layout's index leads to: of older caches there may be more in the directory. */
function wantedOf(directory: string): Set<string> | undefined {
  try {
    const read = (name: string) => JSON.parse(readFileSync(`${directory}/${name}`, 'utf8')) as Layout;
    const wanted = new Set(['index.json', 'blobs', 'blobs/sha256']);
    for (const { digest } of read('index.json').manifests ?? []) {
      const { config, layers = [] } = read(blobOf(digest));
      for (const one of [digest, config?.digest, ...layers.map((layer) => layer.digest)]) wanted.add(blobOf(one));
    }
    return wanted;
  } catch {
    return undefined;
  }
}

interface Layout {
  manifests?: { digest?: string }[];
  config?: { digest?: string };
  layers?: { digest?: string }[];
}

/** Of what is no digest a name that no file has. */
function blobOf(digest: string | undefined): string {
  const hex = /^sha256:([0-9a-f]{64})$/.exec(digest ?? '')?.[1];
  return `blobs/sha256/${hex ?? ''}`;
}

/** Fetches exported caches into their directories, which are made. Throws CliError; errors of the engine. */
export async function writeCaches(
  context: Pick<Context, 'client'>,
  directories: readonly string[],
  ids: readonly string[],
): Promise<void> {
  for (const [index, directory] of directories.entries()) {
    const id = ids[index];
    if (id === undefined || id === '') continue; // its error was to be ignored
    mkdirSync(directory, { recursive: true });
    await unpackTree(await fetchBuildCache(context.client, id), directory, []);
  }
}
