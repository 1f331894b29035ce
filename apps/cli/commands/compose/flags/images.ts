import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose images`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'format', type: 'string', default: 'table', help: 'Format the output. Values: [table | json]' },
  { long: 'quiet', short: 'q', type: 'bool', help: 'Only display IDs' },
];
