import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

export type WaitCondition = 'not-running' | 'next-exit' | 'removed';

export interface WaitResult {
  StatusCode: number;
  Error?: { Message: string } | null;
}

/**
 * POST /containers/{id}/wait. Resolves as soon as the engine waits, so that a container started after that cannot end
 * unseen; `exited` resolves when the condition holds.
 */
export async function waitContainer(
  client: EngineClient,
  name: string,
  condition: WaitCondition,
): Promise<{ exited: Promise<WaitResult> }> {
  // 'not-running' is what an engine that is told nothing waits for.
  const response = await client.stream('POST', containerPath(name, '/wait'), {
    query: { condition: condition === 'not-running' ? '' : condition },
  });
  const exited = response.text().then((text): WaitResult => JSON.parse(text) as WaitResult);
  // Whoever asks gets the failure; a caller that has ended meanwhile must not be killed by it.
  exited.catch(() => undefined);
  return { exited };
}
