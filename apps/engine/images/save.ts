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
import { isIdPrefix, resolveImage } from './resolve.ts';
import type { ImageRow } from './store.ts';

interface SavedImage {
  row: ImageRow;
  manifest: Manifest;
  manifestSize: number;
  tags: Reference[];
}

/**
 * GET /images/get: a tar that is a `docker save` archive and an OCI image layout in one, as Docker has written it since
 * version 25. A name without tag means all tags of the repository. The same images give the same bytes. Errors:
 * not-found, before the stream begins.
 */
export async function saveImages(context: ImageContext, names: string[]): Promise<Readable> {
  if (names.length === 0) throw new BerthError('invalid', 'no image was named');
  const images = new Map<Digest, SavedImage>();
  for (const name of names) {
    for (const { row, tags } of select(context, name)) {
      const known = images.get(row.id);
      if (known)
        known.tags.push(
          ...tags.filter((tag) => !known.tags.some((other) => canonicalString(other) === canonicalString(tag))),
        );
      else images.set(row.id, { row, tags, ...(await readManifest(context, row)) });
    }
  }
  return Readable.from(write(context, [...images.values()]), { objectMode: false, highWaterMark: 512 * 1024 });
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
    images.flatMap(({ row, manifest }) => [...manifest.layers.map((layer) => layer.digest), row.id, row.manifest]),
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
  const manifests = images.flatMap(({ row, manifestSize, tags }): Descriptor[] => {
    const descriptor: Descriptor = { mediaType: row.manifestType, digest: row.manifest, size: manifestSize };
    if (tags.length === 0) return [descriptor];
    return tags.map((tag) => ({
      ...descriptor,
      annotations: {
        'io.containerd.image.name': canonicalString(tag),
        'org.opencontainers.image.ref.name': tag.tag ?? '',
      },
    }));
  });
  return { schemaVersion: 2, mediaType: OCI.index, manifests };
}

function dockerEntry({ row, manifest, tags }: SavedImage): object {
  return {
    Config: pathOf(row.id),
    RepoTags: tags.length > 0 ? tags.map(familiarString) : null,
    Layers: manifest.layers.map((layer) => pathOf(layer.digest)),
    LayerSources: Object.fromEntries(row.config.rootfs.diff_ids.map((diffId, n) => [diffId, manifest.layers[n]])),
  };
}

/** For readers of before 2014. */
function repositoriesOf(images: SavedImage[]): Record<string, Record<string, string>> {
  const repositories: Record<string, Record<string, string>> = Object.create(null) as Record<
    string,
    Record<string, string>
  >;
  for (const { manifest, tags } of images) {
    for (const tag of tags) {
      const top = manifest.layers.at(-1);
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
