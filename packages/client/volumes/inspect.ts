import type { EngineClient } from '../engine-client.ts';

/** GET /volumes/NAME, the body as the engine wrote it. Errors: not-found. */
export async function inspectVolume(client: EngineClient, name: string): Promise<string> {
  return (await client.stream('GET', `/volumes/${encodeURIComponent(name)}`)).text();
}
