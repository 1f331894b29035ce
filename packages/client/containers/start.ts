import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

/** POST /containers/{id}/start; nothing happens when it runs already. */
export async function startContainer(client: EngineClient, name: string): Promise<void> {
  await client.done('POST', containerPath(name, '/start'));
}
