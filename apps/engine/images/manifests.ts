import { type Descriptor, type Digest, type Index, MANIFEST_LIMIT, parseManifest } from '@berth/oci';
import type { ImageContext } from './context.ts';
import type { ImageRow } from './store.ts';
import type { ManifestPlatform, ManifestSummary } from './wire.ts';

/** What BuildKit writes at entries of an index that speak of other entries. */
const REFERENCE_TYPE = 'vnd.docker.reference.type';
const REFERENCE_DIGEST = 'vnd.docker.reference.digest';

/**
 * Adds `Manifests` to images of a list or an inspection (`manifests=1`): every entry of the index that an image came from,
 * here or not, else its own manifest. Content is what the blob store holds for it, unpacked size that of its layers.
 */
export function withManifests<T extends { Id: string; Size: number }>(
  context: ImageContext,
  images: readonly T[],
): Promise<(T & { Manifests: ManifestSummary[] })[]> {
  return Promise.all(images.map(async (image) => ({ ...image, Manifests: await manifestsOf(context, image) })));
}

async function manifestsOf(context: ImageContext, { Id }: { Id: string }): Promise<ManifestSummary[]> {
  const { store } = context;
  const row = store.image(Id as Digest);
  if (!row) return []; // removed meanwhile
  const rows = [row, ...store.members(row.id)];
  const index = row.index === '' ? undefined : await readIndex(context, row.index);
  if (index === undefined) return Promise.all(rows.map((one) => presentImage(context, one)));
  const listed = await Promise.all(
    index.manifests.map((entry) => {
      const present = rows.find(({ manifest }) => manifest === entry.digest);
      return present ? presentImage(context, present, entry) : otherEntry(context, entry);
    }),
  );
  // Members that came another way are told of all the same.
  const unlisted = rows.filter(({ manifest }) => index.manifests.every(({ digest }) => digest !== manifest));
  return [...listed, ...(await Promise.all(unlisted.map((one) => presentImage(context, one))))];
}

async function readIndex({ content }: ImageContext, digest: Digest): Promise<Index | undefined> {
  const document = parseManifest(await content.blobs.readAll(digest, MANIFEST_LIMIT), undefined);
  return document.kind === 'index' ? document.index : undefined;
}

async function presentImage(context: ImageContext, row: ImageRow, entry?: Descriptor): Promise<ManifestSummary> {
  const { store, content, users } = context;
  const own = await content.blobs.stat(row.manifest);
  const { architecture, os, variant } = row.config;
  const platform = { architecture, os, ...(variant !== undefined && { variant }) };
  // The index belongs to all of its entries and is none of them.
  const sizes = await Promise.all(
    store
      .blobs(row.id)
      .filter((digest) => digest !== row.index)
      .map((digest) => content.blobs.stat(digest)),
  );
  const stored = sizes.reduce((sum, blob) => sum + (blob?.size ?? 0), 0);
  const unpacked = store.layers(row.id).reduce((sum, layer) => sum + layer.size, 0);
  return {
    ID: row.manifest,
    Descriptor: entry ?? { mediaType: row.manifestType, digest: row.manifest, size: own?.size ?? 0, platform },
    Available: sizes.every((blob) => blob !== undefined),
    Size: { Content: stored, Total: stored + unpacked },
    Kind: 'image',
    ImageData: {
      Platform: platform,
      Containers: users()
        .containersOf(row.id)
        .map(({ id }) => id),
      Size: { Unpacked: unpacked },
    },
  };
}

/** An entry that is no image of ours: not here, or something that speaks of an image. */
async function otherEntry({ content }: ImageContext, entry: Descriptor): Promise<ManifestSummary> {
  const here = await content.blobs.stat(entry.digest);
  const common = { ID: entry.digest, Descriptor: entry, Available: false };
  const subject = entry.annotations?.[REFERENCE_DIGEST];
  if (entry.annotations?.[REFERENCE_TYPE] === 'attestation-manifest' && subject !== undefined) {
    const sizes = here === undefined ? [] : await attestationSizes(content.blobs, entry);
    const Content = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
    return {
      ...common,
      Available: sizes.length > 0 && sizes.every((size) => size !== undefined),
      Size: { Content, Total: Content },
      Kind: 'attestation',
      AttestationData: { For: subject },
    };
  }
  const Content = here?.size ?? 0;
  const Size = { Content, Total: Content };
  if (entry.platform === undefined) return { ...common, Size, Kind: 'unknown' };
  const { architecture, os, variant } = entry.platform;
  const Platform: ManifestPlatform = { architecture, os, ...(variant !== undefined && { variant }) };
  return { ...common, Size, Kind: 'image', ImageData: { Platform, Containers: [], Size: { Unpacked: 0 } } };
}

/** Bytes of a manifest and of all that it names; undefined for what is not here. */
async function attestationSizes(blobs: ImageContext['content']['blobs'], entry: Descriptor) {
  const document = parseManifest(await blobs.readAll(entry.digest, MANIFEST_LIMIT), entry.mediaType);
  const named = document.kind === 'manifest' ? [document.manifest.config, ...document.manifest.layers] : [];
  const sizes = await Promise.all(named.map(async ({ digest }) => (await blobs.stat(digest))?.size));
  return [entry.size, ...sizes];
}
