import { BerthError } from '@berth/kit';
import type { Image } from './model.ts';
import { formatPlatform, parsePlatform, platformMatches } from './pull-platform.ts';

/**
 * An image here has one platform: asking for it is asking for the image. Errors: not-found when it is for another one;
 * invalid (platform).
 */
export function requirePlatform(image: Pick<Image, 'config'>, name: string, platform: string): void {
  const wanted = parsePlatform(platform);
  if (platformMatches(image.config, wanted)) return;
  throw new BerthError(
    'not-found',
    `image with reference ${name} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
  );
}
