import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

/** GET /containers/{id}/top; `psArgs` is the text after `ps`, '' is the engine's choice. */
export function topContainer(
  client: EngineClient,
  name: string,
  psArgs: string,
): Promise<{ Titles: string[]; Processes: string[][] | null }> {
  return client.json('GET', containerPath(name, '/top'), { query: { ps_args: psArgs } });
}
