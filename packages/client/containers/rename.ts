import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

/** POST /containers/{id}/rename */
export async function renameContainer(client: EngineClient, name: string, newName: string): Promise<void> {
  await client.done('POST', containerPath(name, '/rename'), { query: { name: newName } });
}
