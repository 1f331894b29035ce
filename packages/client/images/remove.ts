import type { EngineClient } from '../engine-client.ts';
import type { Platform } from './inspect.ts';
import { imagePath } from './path.ts';

/** What a removal did: a name taken away, or content deleted. */
export interface RemovedImage {
  Untagged?: string;
  Deleted?: string;
}

/** DELETE /images/NAME. Errors: not-found, conflict (in use). */
export function removeImage(
  client: EngineClient,
  name: string,
  options: { force: boolean; noPrune: boolean; platforms: Platform[] },
): Promise<RemovedImage[]> {
  const platforms = options.platforms.map((platform) => JSON.stringify(platform));
  return client.json('DELETE', imagePath(name), {
    query: { force: options.force, noprune: options.noPrune, platforms },
  });
}
