import { BerthError } from '@berth/kit';
import type { Route } from '../api/http.ts';

/** Docker has checkpoints as an experiment that is off by default, and answers 501 then as well. */
export const NO_CHECKPOINTS =
  'checkpoints are not supported by Berth: they need CRIU (checkpoint and restore in userspace), which this engine does not drive';

/** Routes whose only answer is why there are no checkpoints. */
export function checkpointRoutes(): Route[] {
  const refuse = (method: Route['method'], path: string, name: string): Route => ({
    ...{ method, path, name },
    permission: method === 'GET' ? 'read' : 'write',
    handler: () => {
      throw new BerthError('not-supported', NO_CHECKPOINTS);
    },
  });
  return [
    refuse('GET', '/containers/{id}/checkpoints', 'container.checkpointList'),
    refuse('POST', '/containers/{id}/checkpoints', 'container.checkpointCreate'),
    refuse('DELETE', '/containers/{id}/checkpoints/{checkpoint}', 'container.checkpointRemove'),
  ];
}
