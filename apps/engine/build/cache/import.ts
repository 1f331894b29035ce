import { BerthError } from '@berth/kit';
import { type Digest, layerCompression } from '@berth/oci';
import {
  CONFIG_LIMIT,
  type LayerBlob,
  type LayoutFile,
  type OnProgress,
  readArtifactLayout,
} from '../../images/index.ts';
import type { Build } from '../build-context.ts';
import type { CacheFrom } from './options.ts';
import { type CacheRecord, type ReadRecords, readRecords } from './records.ts';

/** A cache that the user named: what steps made elsewhere. */
export interface CacheSource {
  name: string;
  records: ReadonlyMap<string, CacheRecord>;
  /** Brings a layer into the store, its digests checked. Errors: invalid, not-found, unavailable. */
  bring(diffId: Digest, onProgress: OnProgress): Promise<LayerBlob>;
}

/** Called when a source is asked for, and with what went wrong or undefined when that is known. */
export type TellImport = (name: string) => (failure: string | undefined) => void;

/** Opens those of the named caches that are there; one that is not is told and stops nothing. */
export async function importCaches(build: Build, from: readonly CacheFrom[], tell: TellImport): Promise<CacheSource[]> {
  const opened = from.map(async (one) => {
    const told = tell(one.name);
    try {
      const { source, ignored } = await open(build, one);
      told(ignored === 0 ? undefined : `${ignored} records of it cannot be right and are ignored`);
      return [source];
    } catch (error) {
      build.signal.throwIfAborted();
      told(error instanceof Error ? error.message : String(error));
      return [];
    }
  });
  return (await Promise.all(opened)).flat();
}

type Opened = { source: CacheSource; ignored: number };

async function open(build: Build, from: CacheFrom): Promise<Opened> {
  return (from.isLocalFirst ? await openImage(build, from.name) : undefined) ?? openArtifact(build, from);
}

/** An image that is here. */
async function openImage({ builder, request }: Build, name: string): Promise<Opened | undefined> {
  const { images } = builder;
  let id: Digest;
  try {
    id = images.resolve(name, request.platform || undefined).id;
  } catch {
    return undefined;
  }
  const read = readRecords(await images.blobs.readAll(id, CONFIG_LIMIT));
  const layers = await images.drafts.layersOf(id);
  return opened(name, read, async (index) => layers[index]!);
}

/** A registry, or files that the client sent. */
async function openArtifact(build: Build, from: CacheFrom): Promise<Opened> {
  const { builder, request, signal } = build;
  const { name, reference } = from;
  const found =
    reference === undefined
      ? await readArtifactLayout(builder.images, filesOf(build, from), signal)
      : await builder.transfers.fetchArtifact(reference, {
          ...{ auth: request.registryAuth[reference.domain], platform: request.platform, signal },
        });
  const read = readRecords(found.config);
  const layers = found.pair(read.diffIds);
  return opened(name, read, async (index, onProgress) => {
    const layer = layers[index]!;
    const here = await localLayer(builder.images, layer.diffId);
    if (here) return here;
    await found.bring(layer, onProgress);
    const { digest, size, mediaType } = layer.descriptor;
    return { digest, size, compression: layerCompression(mediaType) ?? 'none' };
  });
}

/** Nothing but plain files: a link leads nowhere. */
function filesOf({ request }: Build, { context = '' }: CacheFrom): (name: string) => LayoutFile {
  const files = request.session?.cacheContexts.get(context);
  return (name) => {
    const entry = files?.entries.get(name);
    return entry?.type === 'file' ? { path: files!.contentPath(entry), size: entry.size } : undefined;
  };
}

/** A layer that this engine made itself, or has from somewhere else, as it is here. */
async function localLayer(
  { blobs, drafts }: Build['builder']['images'],
  diffId: Digest,
): Promise<LayerBlob | undefined> {
  const stat = drafts.hasLayer(diffId) ? await blobs.stat(diffId) : undefined;
  return stat && { digest: diffId, size: stat.size, compression: 'none' };
}

function opened(
  name: string,
  { records, diffIds, ignored }: ReadRecords,
  bringAt: (index: number, onProgress: OnProgress) => Promise<LayerBlob>,
): Opened {
  const bring: CacheSource['bring'] = async (diffId, onProgress) => {
    const index = diffIds.indexOf(diffId);
    if (index < 0) throw new BerthError('invalid', `the cache ${name} has no layer ${diffId}`);
    return bringAt(index, onProgress);
  };
  return { source: { name, records, bring }, ignored };
}
