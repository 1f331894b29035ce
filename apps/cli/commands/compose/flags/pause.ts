import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose pause`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [];
