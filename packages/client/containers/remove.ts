import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

export interface RemoveOptions {
  force: boolean;
  /** Anonymous volumes too. */
  volumes: boolean;
  /** Remove the link of this name, not the container. */
  link: boolean;
}

/** DELETE /containers/{id} */
export async function removeContainer(client: EngineClient, name: string, options: RemoveOptions): Promise<void> {
  const { force, volumes: v, link } = options;
  await client.done('DELETE', containerPath(name), { query: { force, v, link } });
}
