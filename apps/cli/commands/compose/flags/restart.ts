import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose restart`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'no-deps', type: 'bool', help: "Don't restart dependent services" },
  { long: 'timeout', short: 't', type: 'int', help: 'Specify a shutdown timeout in seconds' },
];
