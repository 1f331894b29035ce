import type { EngineClient } from '../engine-client.ts';

export interface CommitOptions {
  /** '' for an image without a name. */
  repo: string;
  tag: string;
  comment: string;
  author: string;
  /** Dockerfile instructions to apply. */
  changes: readonly string[];
  /** Pause the container meanwhile. */
  pause: boolean;
}

/** POST /commit: an image of a container's changes. Errors: not-found, invalid. */
export function commitContainer(
  client: EngineClient,
  container: string,
  options: CommitOptions,
): Promise<{ Id: string }> {
  const { pause, ...query } = options;
  return client.json('POST', '/commit', { query: { container, ...query, pause: pause ? '' : '0' } });
}
