import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose scale`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [{ long: 'no-deps', type: 'bool', help: "Don't start linked services" }];
