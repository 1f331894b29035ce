import type { EngineClient } from '../engine-client.ts';

/** One volume as the list shows it. */
export interface VolumeSummary {
  Name: string;
  Driver: string;
  Mountpoint: string;
  Scope: string;
  Labels: Record<string, string> | null;
  /** Of volumes of a swarm only. */
  ClusterVolume?: object | null;
}

/** GET /volumes */
export function listVolumes(
  client: EngineClient,
  filters: Record<string, string[]>,
): Promise<{ Volumes: VolumeSummary[] | null; Warnings: string[] | null }> {
  return client.json('GET', '/volumes', { query: Object.keys(filters).length > 0 ? { filters } : {} });
}
