import { BerthError, isBerthError } from '@berth/kit';
import { canonicalName, parseReference, withDefaultTag } from '@berth/oci';
import { formatPlatform, type Image, parsePlatform, platformMatches } from '../images/index.ts';
import type { Build } from './build-context.ts';

/**
 * The image that FROM or `--from` names: as it is here, or pulled when it is not or `--pull` asks for it.
 * Errors: those of a pull; invalid when it is for another platform.
 */
export async function baseImage(
  build: Build,
  name: string,
  platform: string | undefined,
  onMessage: (message: object) => void,
): Promise<Image> {
  const { images } = build.builder;
  const wanted = platform ?? (build.request.platform || undefined);
  const found = build.request.pull ? undefined : resolved(build, name);
  if (found && matches(found, wanted)) return found;
  if (found && wanted === undefined) return found;
  const reference = withDefaultTag(parseReference(name));
  await build.builder.transfers.pull(reference, {
    auth: build.request.registryAuth[reference.domain],
    platform: wanted,
    onProgress: onMessage,
    signal: build.signal,
  });
  const image = images.resolve(name);
  if (matches(image, wanted)) return image;
  throw new BerthError(
    'invalid',
    `image ${canonicalName(reference)} is for ${formatPlatform(image.config)}, not for ${wanted}`,
  );
}

function resolved({ builder }: Build, name: string): Image | undefined {
  try {
    return builder.images.resolve(name);
  } catch (error) {
    if (isBerthError(error, 'not-found')) return undefined;
    throw error;
  }
}

function matches(image: Image, wanted: string | undefined): boolean {
  return wanted === undefined || platformMatches(image.config, parsePlatform(wanted));
}
