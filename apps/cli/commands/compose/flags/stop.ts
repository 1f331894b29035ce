import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose stop`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'timeout', short: 't', type: 'int', help: 'Specify a shutdown timeout in seconds' },
];
