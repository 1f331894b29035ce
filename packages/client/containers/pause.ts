import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

/** POST /containers/{id}/pause */
export async function pauseContainer(client: EngineClient, name: string): Promise<void> {
  await client.done('POST', containerPath(name, '/pause'));
}

/** POST /containers/{id}/unpause */
export async function unpauseContainer(client: EngineClient, name: string): Promise<void> {
  await client.done('POST', containerPath(name, '/unpause'));
}
