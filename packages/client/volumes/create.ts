import type { EngineClient } from '../engine-client.ts';

/** Docker's VolumeCreateOptions. */
export interface CreateVolumeBody {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string>;
  Labels?: Record<string, string>;
  ClusterVolumeSpec?: object;
}

/** POST /volumes/create; the volume of that name when there is one. */
export function createVolume(client: EngineClient, body: CreateVolumeBody): Promise<{ Name: string }> {
  return client.json('POST', '/volumes/create', { json: body });
}
