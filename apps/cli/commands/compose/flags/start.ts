import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose start`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'wait', type: 'bool', help: 'Wait for services to be running|healthy. Implies detached mode.' },
  {
    long: 'wait-timeout',
    type: 'int',
    help: 'Maximum duration in seconds to wait for the project to be running|healthy',
  },
];
