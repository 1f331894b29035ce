import { containerPath } from '../containers/path.ts';
import type { EngineClient } from '../engine-client.ts';

/** POST /containers/{id}/checkpoints. `directory` '' is the engine's own. Errors: not-supported. */
export async function createCheckpoint(
  client: EngineClient,
  container: string,
  options: { name: string; directory: string; exit: boolean },
): Promise<void> {
  const { name: CheckpointID, directory: CheckpointDir, exit: Exit } = options;
  await client.done('POST', containerPath(container, '/checkpoints'), { json: { CheckpointID, CheckpointDir, Exit } });
}
