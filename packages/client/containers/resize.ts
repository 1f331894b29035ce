import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

/** POST /containers/{id}/resize, in characters. */
export async function resizeContainer(
  client: EngineClient,
  name: string,
  rows: number,
  columns: number,
): Promise<void> {
  await client.done('POST', containerPath(name, '/resize'), { query: { h: rows, w: columns } });
}
