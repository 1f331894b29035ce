import type { HostConfig } from '@berth/contract';
import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

/** POST /containers/{id}/update; what is 0, '' or left out stays as it is. */
export function updateContainer(
  client: EngineClient,
  name: string,
  change: Partial<HostConfig>,
): Promise<{ Warnings?: string[] | null }> {
  return client.json('POST', containerPath(name, '/update'), { json: change });
}
