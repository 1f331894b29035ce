import type { EndpointWish } from '@berth/contract';
import type { EngineClient } from '../engine-client.ts';

/** POST /networks/{id}/connect */
export async function connectNetwork(
  client: EngineClient,
  network: string,
  container: string,
  endpoint: EndpointWish,
): Promise<void> {
  const body = { Container: container, EndpointConfig: endpoint };
  await client.done('POST', `/networks/${encodeURIComponent(network)}/connect`, { json: body });
}
