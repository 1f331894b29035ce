import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose kill`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'remove-orphans', type: 'bool', help: 'Remove containers for services not defined in the Compose file' },
  { long: 'signal', short: 's', type: 'string', default: 'SIGKILL', help: 'SIGNAL to send to the container' },
];
