import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose bridge transformations create`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  {
    long: 'from',
    short: 'f',
    type: 'string',
    help: 'Existing transformation to copy (default: docker/compose-bridge-kubernetes)',
  },
];
