import type { EngineClient } from '../engine-client.ts';

/** DELETE /networks/{id} */
export async function removeNetwork(client: EngineClient, name: string): Promise<void> {
  await client.done('DELETE', `/networks/${encodeURIComponent(name)}`, {});
}
