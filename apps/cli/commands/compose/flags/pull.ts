import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose pull`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'ignore-buildable', type: 'bool', help: 'Ignore images that can be built' },
  { long: 'ignore-pull-failures', type: 'bool', help: 'Pull what it can and ignores images with pull failures' },
  { long: 'include-deps', type: 'bool', help: 'Also pull services declared as dependencies' },
  { long: 'no-parallel', type: 'bool', hidden: true, help: 'DEPRECATED disable parallel pulling' },
  {
    long: 'parallel',
    type: 'bool',
    default: 'true',
    hidden: true,
    help: 'DEPRECATED pull multiple images in parallel',
  },
  { long: 'policy', type: 'string', help: 'Apply pull policy ("missing"|"always")' },
  { long: 'quiet', short: 'q', type: 'bool', help: 'Pull without printing progress information' },
];
