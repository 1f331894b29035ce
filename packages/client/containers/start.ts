import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

/** POST /containers/{id}/start; nothing happens when it runs already. Errors: not-supported (`checkpoint`). */
export async function startContainer(
  client: EngineClient,
  name: string,
  options: { checkpoint?: string; checkpointDirectory?: string } = {},
): Promise<void> {
  const { checkpoint, checkpointDirectory } = options;
  await client.done('POST', containerPath(name, '/start'), {
    query: { checkpoint, 'checkpoint-dir': checkpointDirectory },
  });
}
