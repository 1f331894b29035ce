import type { EngineClient } from '../engine-client.ts';
import { imagePath } from './path.ts';

/** POST /images/NAME/tag. Errors: not-found, invalid. */
export async function tagImage(client: EngineClient, name: string, repo: string, tag: string): Promise<void> {
  await client.done('POST', imagePath(name, '/tag'), { query: { repo, tag } });
}
