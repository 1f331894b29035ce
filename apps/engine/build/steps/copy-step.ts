import type { CopyOperation } from '@berth/dockerfile';
import { BerthError, Scope } from '@berth/kit';
import { digestOfFiles } from '../cache/store.ts';
import { cachedStep } from './cached-step.ts';
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
  return await cachedStep(place, {
    inputs: {
      base: before.id,
      instruction: `${operation.kind.toUpperCase()} ${operation.destination}`,
      arguments: {},
      settings: settingsOf(operation, rootId),
      filesDigest,
    },
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
