import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

/** POST /containers/{id}/kill; `signal` is a name or number, '' is SIGKILL. */
export async function killContainer(client: EngineClient, name: string, signal: string): Promise<void> {
  await client.done('POST', containerPath(name, '/kill'), { query: { signal } });
}
