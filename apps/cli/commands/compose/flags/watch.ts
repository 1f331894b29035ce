import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose watch`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'no-up', type: 'bool', help: 'Do not build & start services before watching' },
  { long: 'prune', type: 'bool', default: 'true', help: 'Prune dangling images on rebuild' },
  { long: 'quiet', type: 'bool', help: 'hide build output' },
];
