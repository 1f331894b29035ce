import type { EngineClient } from '../engine-client.ts';

/** PUT /volumes/NAME, for volumes of a swarm. */
export async function updateVolume(
  client: EngineClient,
  name: string,
  options: { version: number; spec: object },
): Promise<void> {
  await client.done('PUT', `/volumes/${encodeURIComponent(name)}`, {
    query: { version: options.version },
    json: { Spec: options.spec },
  });
}
