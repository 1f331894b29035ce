import type { EngineClient } from '../engine-client.ts';
import { extraPath } from './extra-path.ts';

/** POST /berth/v1/volumes/NAME/rename, also while containers have it. Errors: not-found, invalid, conflict. */
export async function renameVolume(client: EngineClient, name: string, wanted: string): Promise<void> {
  await (await client.unversioned('POST', extraPath(name, 'rename'), { query: { name: wanted } })).text();
}
