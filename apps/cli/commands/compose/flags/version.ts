import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose version`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'format', short: 'f', type: 'string', help: 'Format the output. Values: [pretty | json]. (Default: pretty)' },
  { long: 'short', type: 'bool', help: "Shows only Compose's version number" },
];
