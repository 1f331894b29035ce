import type { EngineClient } from '../engine-client.ts';

/** GET /info, the body as the engine wrote it. */
export async function engineInfo(client: EngineClient): Promise<string> {
  return (await client.stream('GET', '/info')).text();
}
