import type { EngineClient } from '../engine-client.ts';

/** POST /networks/create; `body` as Docker has it. */
export function createNetwork(client: EngineClient, body: object): Promise<{ Id: string; Warning: string }> {
  return client.json('POST', '/networks/create', { json: body });
}
