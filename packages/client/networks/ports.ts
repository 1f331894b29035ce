import type { PortReport } from '@berth/contract';
import type { EngineClient } from '../engine-client.ts';

/** GET /berth/v1/ports */
export async function publishedPorts(client: EngineClient): Promise<PortReport[]> {
  return JSON.parse(await (await client.unversioned('GET', '/berth/v1/ports')).text()) as PortReport[];
}
