import type { EngineClient } from '../engine-client.ts';

/** DELETE /volumes/NAME. Errors: not-found unless `force`; conflict while a container has it. */
export async function removeVolume(client: EngineClient, name: string, options: { force: boolean }): Promise<void> {
  await client.done('DELETE', `/volumes/${encodeURIComponent(name)}`, { query: { force: options.force } });
}
