import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose ls`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'all', short: 'a', type: 'bool', help: 'Show all stopped Compose projects' },
  { long: 'filter', type: 'filter', help: 'Filter output based on conditions provided' },
  { long: 'format', type: 'string', default: 'table', help: 'Format the output. Values: [table | json]' },
  { long: 'quiet', short: 'q', type: 'bool', help: 'Only display project names' },
];
