import { Readable } from 'node:stream';
import { BerthError } from '@berth/kit';
import {
  canonicalString,
  type Descriptor,
  type Digest,
  encodeTarFile,
  encodeTarHeader,
  familiarName,
  familiarString,
  hexOf,
  MANIFEST_LIMIT,
  type Manifest,
  OCI,
  parseAnyReference,
  parseManifest,
  type Reference,
  TAR_END,
  tarPadding,
} from '@berth/oci';
import { announce, type ImageContext, leaseOf } from './context.ts';
import { isIdPrefix, resolveForPlatform, resolveImage } from './resolve.ts';
import type { ImageRow } from './store.ts';

/** What is saved of an image: one platform or several, under its names. */
interface SavedImage {
  row: ImageRow;
  tags: Reference[];
  /** That for this host first. */
  platforms: SavedPlatform[];
  /** Where several are saved: the index that names them, and what speaks of them. */
  index: Descriptor | undefined;
  related: Digest[];
}

interface SavedPlatform {
  row: ImageRow;
  manifest: Manifest;
  manifestSize: number;
}

/**
 * GET /images/get: a tar that is a `docker save` archive and an OCI image layout in one, as Docker has written it since
 * version 25. A name without tag means all tags of the repository. Of an image of several platforms all that are here are
 * saved, or those that are asked for. The same images give the same bytes. Errors: not-found, before the stream begins.
 */
export async function saveImages(
  context: ImageContext,
  names: string[],
  wanted: readonly string[] = [],
): Promise<Readable> {
  if (names.length === 0) throw new BerthError('invalid', 'no image was named');
  const images = new Map<Digest, SavedImage>();
  for (const name of names) {
    for (const { row, tags } of select(context, name)) {
      const known = images.get(row.id);
      if (known)
        known.tags.push(
          ...tags.filter((tag) => !known.tags.some((other) => canonicalString(other) === canonicalString(tag))),
        );
      else images.set(row.id, { row, tags, ...(await readPlatforms(context, row, wanted)) });
    }
  }
  return Readable.from(write(context, [...images.values()]), { objectMode: false, highWaterMark: 512 * 1024 });
}

async function readPlatforms(context: ImageContext, row: ImageRow, wanted: readonly string[]) {
  const { store, content } = context;
  const rows =
    wanted.length > 0
      ? wanted.map((platform) => resolveForPlatform(store, row.id, platform))
      : [row, ...store.members(row.id)];
  const chosen = [...new Map(rows.map((one) => [one.id, one])).values()];
  const platforms = await Promise.all(chosen.map(async (one) => ({ row: one, ...(await readManifest(context, one)) })));
  if (platforms.length === 1 || row.index === '') return { platforms, index: undefined, related: [] };
  const bytes = await content.blobs.readAll(row.index, MANIFEST_LIMIT);
  const document = parseManifest(bytes, undefined);
  const mediaType = document.kind === 'index' ? document.index.mediaType : OCI.index;
  const own = new Set(platforms.flatMap(({ row: one, manifest }) => [one.id, one.manifest, ...layersOf(manifest)]));
  const related = store.blobs(row.id).filter((digest) => !own.has(digest));
  return { platforms, index: { mediaType, digest: row.index, size: bytes.length }, related };
}

function layersOf(manifest: Manifest): Digest[] {
  return manifest.layers.map((layer) => layer.digest);
}

function select({ store }: ImageContext, name: string): { row: ImageRow; tags: Reference[] }[] {
  const wanted = parseAnyReference(name);
  const bare = 'reference' in wanted && wanted.reference.tag === undefined && wanted.reference.digest === undefined;
  if (bare) {
    const all = store.referencesByName(wanted.reference).filter(({ reference }) => reference.digest === undefined);
    if (all.length > 0) return all.map(({ reference, image }) => ({ row: store.image(image)!, tags: [reference] }));
  }
  const row = resolveImage(store, name);
  const tagged = 'reference' in wanted && wanted.reference.tag !== undefined && wanted.reference.digest === undefined;
  return [{ row, tags: tagged && !isIdPrefix(row.id, name) ? [wanted.reference] : [] }];
}

async function readManifest({ content }: ImageContext, row: ImageRow) {
  const bytes = await content.blobs.readAll(row.manifest, MANIFEST_LIMIT);
  const document = parseManifest(bytes, row.manifestType);
  if (document.kind !== 'manifest') throw new BerthError('internal', `image ${row.id} has an index for a manifest`);
  return { manifest: document.manifest, manifestSize: bytes.length };
}

async function* write(context: ImageContext, images: SavedImage[]): AsyncGenerator<Buffer> {
  await using lease = leaseOf(context);
  const blobs = new Set(
    images.flatMap(({ platforms, related }) => [
      ...platforms.flatMap(({ row, manifest }) => [...layersOf(manifest), row.id, row.manifest]),
      ...related,
    ]),
  );
  for (const digest of blobs) lease.hold(digest);
  yield encodeTarHeader({ name: 'blobs/', type: 'directory' });
  yield encodeTarHeader({ name: 'blobs/sha256/', type: 'directory' });
  for (const digest of [...blobs].sort()) {
    const stat = await context.content.blobs.stat(digest);
    if (stat === undefined) throw new BerthError('not-found', `image was removed while it was saved: blob ${digest}`);
    yield encodeTarHeader({ name: pathOf(digest), type: 'file', size: stat.size });
    for await (const piece of context.content.blobs.createReadStream(digest)) yield piece as Buffer;
    yield tarPadding(stat.size);
  }
  yield encodeTarFile({ name: 'index.json' }, json(indexOf(images)));
  yield encodeTarFile({ name: 'manifest.json' }, json(images.map(dockerEntry)));
  yield encodeTarFile({ name: 'oci-layout' }, json({ imageLayoutVersion: '1.0.0' }));
  yield encodeTarFile({ name: 'repositories' }, json(repositoriesOf(images)));
  yield TAR_END;
  for (const { row } of images) announce(context, 'save', row.id, row.id);
}

function indexOf(images: SavedImage[]): object {
  const manifests = images.flatMap(({ platforms, index, tags }): Descriptor[] => {
    const descriptors = index ? [index] : platforms.map(descriptorOf);
    if (tags.length === 0) return descriptors;
    return descriptors.flatMap((descriptor) =>
      tags.map((tag) => ({
        ...descriptor,
        annotations: {
          'io.containerd.image.name': canonicalString(tag),
          'org.opencontainers.image.ref.name': tag.tag ?? '',
        },
      })),
    );
  });
  return { schemaVersion: 2, mediaType: OCI.index, manifests };
}

function descriptorOf({ row, manifestSize }: SavedPlatform): Descriptor {
  return { mediaType: row.manifestType, digest: row.manifest, size: manifestSize };
}

/** This format knows one platform of an image. */
function dockerEntry({ platforms: [main], tags }: SavedImage): object {
  const { row, manifest } = main!;
  return {
    Config: pathOf(row.id),
    RepoTags: tags.length > 0 ? tags.map(familiarString) : null,
    Layers: layersOf(manifest).map(pathOf),
    LayerSources: Object.fromEntries(row.config.rootfs.diff_ids.map((diffId, n) => [diffId, manifest.layers[n]])),
  };
}

/** For readers of before 2014. */
function repositoriesOf(images: SavedImage[]): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = Object.create(null) as Record<
    string,
    Record<string, string>
  >;
  for (const { platforms, tags } of images) {
    for (const tag of tags) {
      const top = platforms[0]?.manifest.layers.at(-1);
      const name = familiarName(tag);
      repositories[name] = { ...repositories[name], [tag.tag ?? '']: top === undefined ? '' : hexOf(top.digest) };
    }
  }
  return repositories;
}

function pathOf(digest: Digest): string {
  return `blobs/sha256/${hexOf(digest)}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
