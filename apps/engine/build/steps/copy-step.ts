import { createHash } from 'node:crypto';
import type { CopyOperation } from '@berth/dockerfile';
import { BerthError, Scope } from '@berth/kit';
import { digestOfFiles, type StepInputs } from '../cache/store.ts';
import { baseOf } from '../stage-image.ts';
import { cachedStep, fromCache } from './cached-step.ts';
import type { StepOutcome } from './config-step.ts';
import { type CopyPlace, type TakenSources, takeSources } from './copy-sources.ts';
import { nopAndString } from './history.ts';
import { below } from './image-layers.ts';
import type { CopyRoot } from './trees.ts';

/** COPY and ADD, without running a container. `root`: where the files come from. */
export async function copyStep(
  place: CopyPlace,
  { root, rootId, useCache }: { root: () => Promise<CopyRoot>; rootId: string; useCache: boolean },
): Promise<StepOutcome> {
  const { operation, before, build } = place;
  const inputsFor = (filesDigest: string): StepInputs => ({
    base: baseOf(before),
    instruction: `${operation.kind.toUpperCase()} ${operation.destination}`,
    arguments: {},
    settings: settingsOf(operation, rootId),
    filesDigest,
  });
  const memo = await memoOf(operation, root);
  const known = memo === undefined || !useCache ? undefined : build.builder.cache.tree(memo);
  const hit = known === undefined ? undefined : fromCache(place, { inputs: inputsFor(known), files: [] });
  if (hit) return hit;
  await using scope = new Scope();
  const taken = await takeSources(place, root, scope);
  const many = operation.sources.length > 1 || taken.matches > 1;
  if (many && !operation.destination.endsWith('/') && !operation.parents) {
    throw new BerthError(
      'invalid',
      `When using ${operation.kind.toUpperCase()} with more than one source file, the destination must be a directory and end with a /`,
    );
  }
  const filesDigest = digestOfFiles(taken.facts);
  if (memo !== undefined) build.builder.cache.putTree(memo, filesDigest);
  return await cachedStep(place, {
    inputs: inputsFor(filesDigest),
    files: taken.facts,
    useCache,
    createdBy: nopAndString(operation, created(operation, taken, filesDigest)),
    make: () =>
      build.builder.files.copy(below(build, before, operation), {
        destination: operation.destination,
        intoDirectory: operation.destination.endsWith('/') || many,
        isLink: operation.link,
        sources: taken.sources,
        owner: operation.chown === undefined ? { kind: 'keep' } : { kind: 'named', text: operation.chown },
        archives: taken.archives,
      }),
  });
}

/**
 * A name for what is taken of an image: its digest need not be found out again. Undefined for what may change, and for
 * what is not in a root.
 */
async function memoOf(operation: CopyOperation, root: () => Promise<CopyRoot>): Promise<string | undefined> {
  const { sources, exclude, parents, root: from } = operation;
  if (from.kind === 'context' || sources.some(({ kind }) => kind !== 'path')) return undefined;
  const { fixedId } = await root();
  if (fixedId === '') return undefined;
  const paths = sources.map((source) => (source.kind === 'path' ? source.path : ''));
  return createHash('sha256')
    .update(JSON.stringify([fixedId, paths, exclude, parents]))
    .digest('hex');
}

function settingsOf(operation: CopyOperation, rootId: string): Record<string, string> {
  const { chown = '', chmod = '', link, parents, unpack, exclude } = operation;
  return {
    ...{ chown, chmod, link: String(link), parents: String(parents), unpack: String(unpack ?? ''), from: rootId },
    exclude: JSON.stringify(exclude),
    // Which sources are named decides where each file goes.
    sources: JSON.stringify(operation.sources.map((source) => (source.kind === 'path' ? source.path : source.kind))),
  };
}

/** As the classic builder says it: `COPY dir:HASH in /app `. */
function created({ kind, destination, sources }: CopyOperation, taken: TakenSources, digest: string): string {
  const what = sources.length > 1 || taken.matches > 1 ? 'multi' : taken.hasDirectory ? 'dir' : 'file';
  return `${kind.toUpperCase()} ${what}:${digest} in ${destination} `;
}
