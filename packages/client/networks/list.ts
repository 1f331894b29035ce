import type { EngineClient } from '../engine-client.ts';

/** One network as the list shows it. */
export interface NetworkSummary {
  Id: string;
  Name: string;
  Driver: string;
  Scope: string;
  Internal: boolean;
  EnableIPv4?: boolean;
  EnableIPv6: boolean;
  Labels: Record<string, string> | null;
  /** RFC 3339. */
  Created: string;
}

/** GET /networks */
export function listNetworks(client: EngineClient, filters: Record<string, string[]>): Promise<NetworkSummary[]> {
  return client.json('GET', '/networks', { query: Object.keys(filters).length > 0 ? { filters } : {} });
}
