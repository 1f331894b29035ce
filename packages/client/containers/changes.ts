import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

/** What became of a file: 0 modified, 1 added, 2 deleted. */
export interface ContainerChange {
  Path: string;
  Kind: 0 | 1 | 2;
}

/** GET /containers/{id}/changes. Errors: not-found. */
export async function containerChanges(client: EngineClient, name: string): Promise<ContainerChange[]> {
  return (await client.json<ContainerChange[] | null>('GET', containerPath(name, '/changes'))) ?? [];
}
