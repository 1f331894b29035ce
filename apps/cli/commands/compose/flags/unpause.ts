import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose unpause`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [];
