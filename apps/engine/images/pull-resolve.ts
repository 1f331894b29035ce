import { BerthError } from '@berth/kit';
import {
  type Descriptor,
  type Digest,
  DOCKER,
  familiarString,
  fetchManifest,
  type Manifest,
  OCI,
  type Platform,
  parseManifest,
  type Reference,
  type RegistrySession,
  readBlob,
} from '@berth/oci';
import { CONFIG_LIMIT } from './image-config.ts';
import type { ImageConfig } from './model.ts';
import { formatPlatform, hostPlatform, platformMatches, selectManifest } from './pull-platform.ts';

/** An index may point at an index; nobody needs more steps than this. */
const INDEX_DEPTH = 3;

/** The manifest for the wanted platform, and the way to it. */
export interface Found {
  /** What the name means in the registry: the index, or the manifest itself. */
  digest: Digest;
  manifest: Manifest;
  bytes: Buffer;
  indexes: Buffer[];
}

/**
 * Fetches what a tag or digest means, through indexes to the manifest for a platform. Errors: not-found, invalid,
 * not-supported.
 */
export async function resolveImage(
  session: RegistrySession,
  repository: string,
  target: string,
  platform: Platform | undefined,
): Promise<Found> {
  const top = await fetchManifest(session, repository, target);
  const indexes: Buffer[] = [];
  let { bytes, mediaType } = top;
  for (let depth = 0; depth <= INDEX_DEPTH; depth++) {
    const document = parseManifest(bytes, mediaType);
    if (document.kind === 'manifest') return { digest: top.digest, manifest: document.manifest, bytes, indexes };
    indexes.push(bytes);
    const wanted = platform ?? hostPlatform();
    const entry = selectManifest(document.index.manifests, wanted);
    if (entry === undefined) {
      throw new BerthError(
        'not-found',
        `no matching manifest for ${formatPlatform(wanted)} in the manifest list entries`,
        {
          hint: `It has: ${listPlatforms(document.index.manifests)}.`,
        },
      );
    }
    bytes = (await fetchManifest(session, repository, entry.digest)).bytes;
    mediaType = entry.mediaType;
  }
  throw new BerthError('invalid', `${repository} has an index of indexes of indexes: refused`);
}

function listPlatforms(entries: readonly Descriptor[]): string {
  const names = entries.flatMap(({ platform }) => (platform === undefined ? [] : [formatPlatform(platform)]));
  return [...new Set(names)].filter((name) => name !== 'unknown/unknown').join(', ') || 'nothing that names a platform';
}

/** The configuration that a manifest names. Errors: not-supported for what is no image; invalid. */
export async function readConfig(
  session: RegistrySession,
  repository: string,
  { config, artifactType }: Manifest,
): Promise<Buffer> {
  if (config.mediaType !== OCI.config && config.mediaType !== DOCKER.config) {
    const what =
      artifactType === undefined
        ? `its configuration is ${JSON.stringify(config.mediaType)}`
        : `it is an artifact of type ${JSON.stringify(artifactType)}`;
    throw new BerthError('not-supported', `this is not a container image: ${what}`);
  }
  if (config.size > CONFIG_LIMIT) {
    throw new BerthError('invalid', `image configuration is larger than ${CONFIG_LIMIT} bytes`);
  }
  const chunks: Buffer[] = [];
  for await (const chunk of readBlob(session, repository, config)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Without a wish, an image for another processor is taken, as Docker does; one for another system is not. */
export function checkPlatform(config: ImageConfig, named: Reference, wanted: Platform | undefined): void {
  if (wanted !== undefined && !platformMatches(config, wanted)) {
    throw new BerthError(
      'not-found',
      `image with reference ${familiarString(named)} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
      { hint: `It is for ${formatPlatform(config)}.` },
    );
  }
  // Images without a system are as old as Docker, and for Linux.
  if (config.os !== 'linux' && config.os !== '') {
    throw new BerthError('not-supported', `image operating system "${config.os}" cannot be used on this platform`);
  }
}
