import { containerPath } from '../containers/path.ts';
import type { EngineClient } from '../engine-client.ts';

/** GET /containers/{id}/checkpoints. `directory` '' is the engine's own. Errors: not-supported. */
export async function listCheckpoints(
  client: EngineClient,
  container: string,
  directory: string,
): Promise<{ Name: string }[]> {
  return client.json('GET', containerPath(container, '/checkpoints'), { query: { dir: directory || undefined } });
}
