import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose export`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'index', type: 'int', help: 'index of the container if service has multiple replicas.' },
  { long: 'output', short: 'o', type: 'string', help: 'Write to a file, instead of STDOUT' },
];
