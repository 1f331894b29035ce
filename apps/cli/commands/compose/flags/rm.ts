import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose rm`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'all', short: 'a', type: 'bool', hidden: true, help: 'Deprecated - no effect' },
  { long: 'force', short: 'f', type: 'bool', help: "Don't ask to confirm removal" },
  { long: 'stop', short: 's', type: 'bool', help: 'Stop the containers, if required, before removing' },
  { long: 'volumes', short: 'v', type: 'bool', help: 'Remove any anonymous volumes attached to containers' },
];
