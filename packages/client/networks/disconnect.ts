import type { EngineClient } from '../engine-client.ts';

/** POST /networks/{id}/disconnect */
export async function disconnectNetwork(
  client: EngineClient,
  network: string,
  container: string,
  options: { force: boolean },
): Promise<void> {
  const body = { Container: container, Force: options.force };
  await client.done('POST', `/networks/${encodeURIComponent(network)}/disconnect`, { json: body });
}
