import type { EngineClient } from '../engine-client.ts';

/** GET /berth/v1/build/caches/ID: a tar of the OCI image layout of an exported cache, once. Errors: not-found. */
export async function fetchBuildCache(client: EngineClient, id: string): Promise<AsyncIterable<Uint8Array>> {
  return (await client.unversioned('GET', `/berth/v1/build/caches/${encodeURIComponent(id)}`)).body;
}
