import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CopyFrom, CopyOperation } from '@berth/dockerfile';
import { BerthError } from '@berth/kit';
import { digestOfFiles, type FileFact } from '../cache/store.ts';
import type { CopyItem, CopySource } from '../files/protocol.ts';
import type { StageImage } from '../stage-image.ts';
import { cachedStep, type StepPlace } from './cached-step.ts';
import { modeChanger } from './change-mode.ts';
import type { StepOutcome } from './config-step.ts';
import { selectFiles } from './file-selection.ts';
import { nopAndString } from './history.ts';
import { below } from './image-layers.ts';
import { type CopyRoot, scratchItem } from './trees.ts';

type Place = StepPlace & { operation: CopyOperation };

/** What a COPY takes. */
interface Taken {
  sources: CopySource[];
  facts: FileFact[];
  matches: number;
  hasDirectory: boolean;
  archives: { path: string; compression: 'none' | 'gzip' | 'zstd' }[];
}

/** COPY and ADD, without running a container. `root`: where the files come from. */
export async function copyStep(
  place: Place,
  { root, rootId, useCache }: { root: () => Promise<CopyRoot>; rootId: string; useCache: boolean },
): Promise<StepOutcome> {
  const { operation, before, build } = place;
  refuseUnsupported(operation);
  const taken = await take(place, root);
  const many = operation.sources.length > 1 || taken.matches > 1;
  if (many && !operation.destination.endsWith('/') && !isFolder(operation)) {
    throw new BerthError(
      'invalid',
      `When using ${operation.kind.toUpperCase()} with more than one source file, the destination must be a directory and end with a /`,
    );
  }
  const filesDigest = digestOfFiles(taken.facts);
  return cachedStep(place, {
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
      build.builder.files.copy(below(build.builder, before), {
        destination: operation.destination,
        intoDirectory: operation.destination.endsWith('/') || many,
        isLink: operation.link,
        sources: taken.sources,
        owner: operation.chown === undefined ? { kind: 'keep' } : { kind: 'named', text: operation.chown },
        archives: taken.archives,
      }),
  });
}

function isFolder({ parents }: CopyOperation): boolean {
  return parents;
}

function refuseUnsupported({ sources, exclude }: CopyOperation): void {
  const remote = sources.find(({ kind }) => kind === 'url' || kind === 'git');
  if (remote) throw new BerthError('not-supported', 'ADD of remote sources is not supported yet');
  if (exclude.length > 0) throw new BerthError('not-supported', 'COPY --exclude is not supported yet');
}

function settingsOf(operation: CopyOperation, rootId: string): Record<string, string> {
  const { chown = '', chmod = '', link, parents, unpack } = operation;
  return { chown, chmod, link: String(link), parents: String(parents), unpack: String(unpack ?? ''), from: rootId };
}

async function take({ build, operation }: Place, root: () => Promise<CopyRoot>): Promise<Taken> {
  const taken: Taken = { sources: [], facts: [], matches: 0, hasDirectory: false, archives: [] };
  const change = operation.chmod === undefined ? undefined : modeChanger(operation.chmod);
  for (const source of operation.sources) {
    if (source.kind === 'inline') addInline(taken, source, build.scratch, change);
    else if (source.kind === 'path') await addPath(taken, await root(), source.path, operation, change);
  }
  return taken;
}

async function addPath(
  taken: Taken,
  root: CopyRoot,
  path: string,
  operation: CopyOperation,
  change: ((item: CopyItem) => number) | undefined,
): Promise<void> {
  const found = await selectFiles(root.tree, path, { isExcluded: () => false, parents: operation.parents });
  if (found.matches === 0) throw nothingFound(operation, path);
  taken.matches += found.matches;
  taken.hasDirectory ||= found.hasDirectory;
  taken.facts.push(...found.facts);
  const items = found.items.map((item) => {
    const from = root.from({ ...item, path: item.from, sha256: '' });
    return { ...item, from, mode: change && item.type !== 'symlink' ? change(item) : item.mode };
  });
  taken.sources.push({ origin: root.origin, items });
}

function addInline(
  taken: Taken,
  { name, text }: CopyFrom & { kind: 'inline' },
  scratch: string,
  change: ((item: CopyItem) => number) | undefined,
): void {
  const file = randomBytes(8).toString('hex');
  writeFileSync(join(scratch, file), text, { mode: 0o600 });
  const item: CopyItem = {
    ...{ to: '', name, from: scratchItem(scratch, file), type: 'file', mode: 0o644, uid: 0, gid: 0 },
    ...{ mtime: 0n, size: Buffer.byteLength(text), link: '', rdev: 0n, xattrs: new Map() },
  };
  taken.sources.push({
    origin: { kind: 'content', directory: '/' },
    items: [{ ...item, mode: change ? change(item) : item.mode }],
  });
  taken.facts.push({ path: name, kind: 'file 0644 0:0', content: text });
  taken.matches++;
}

function nothingFound({ kind, sources }: CopyOperation, path: string): BerthError {
  const verb = kind.toUpperCase();
  if (/[*?[]/.test(path) && sources.length === 1)
    return new BerthError('invalid', `${verb} failed: no source files were specified`);
  return new BerthError(
    'invalid',
    `${verb} failed: file not found in build context or excluded by .dockerignore: stat ${path.replace(/^\/+/, '')}: file does not exist`,
  );
}

/** As the classic builder says it: `COPY dir:HASH in /app `. */
function created({ kind, destination, sources }: CopyOperation, taken: Taken, digest: string): string {
  const what = sources.length > 1 || taken.matches > 1 ? 'multi' : taken.hasDirectory ? 'dir' : 'file';
  return `${kind.toUpperCase()} ${what}:${digest} in ${destination} `;
}

export type { StageImage };
