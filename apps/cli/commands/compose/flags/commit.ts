import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose commit`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'author', short: 'a', type: 'string', help: 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")' },
  { long: 'change', short: 'c', type: 'list', help: 'Apply Dockerfile instruction to the created image' },
  { long: 'index', type: 'int', help: 'index of the container if service has multiple replicas.' },
  { long: 'message', short: 'm', type: 'string', help: 'Commit message' },
  { long: 'pause', short: 'p', type: 'bool', default: 'true', help: 'Pause container during commit' },
];
