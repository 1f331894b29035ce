import type { EngineClient } from '../engine-client.ts';

/** GET /networks/NAME, the body as the engine wrote it. Errors: not-found. */
export async function inspectNetwork(
  client: EngineClient,
  name: string,
  options: { verbose: boolean },
): Promise<string> {
  return (
    await client.stream('GET', `/networks/${encodeURIComponent(name)}`, { query: { verbose: options.verbose } })
  ).text();
}
