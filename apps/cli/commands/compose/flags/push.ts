import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose push`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'ignore-push-failures', type: 'bool', help: 'Push what it can and ignores images with push failures' },
  { long: 'include-deps', type: 'bool', help: 'Also push images of services declared as dependencies' },
  { long: 'quiet', short: 'q', type: 'bool', help: 'Push without printing progress information' },
];
