import { containerPath } from '../containers/path.ts';
import type { EngineClient } from '../engine-client.ts';

/** DELETE /containers/{id}/checkpoints/{name}. `directory` '' is the engine's own. Errors: not-supported. */
export async function removeCheckpoint(
  client: EngineClient,
  container: string,
  name: string,
  directory: string,
): Promise<void> {
  const path = containerPath(container, `/checkpoints/${encodeURIComponent(name)}`);
  await client.done('DELETE', path, { query: { dir: directory || undefined } });
}
