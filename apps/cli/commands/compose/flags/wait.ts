import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose wait`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'down-project', type: 'bool', help: 'Drops project when the first container stops' },
];
