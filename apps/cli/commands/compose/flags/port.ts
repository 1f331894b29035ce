import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose port`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'index', type: 'int', help: 'Index of the container if service has multiple replicas' },
  { long: 'protocol', type: 'string', default: 'tcp', help: 'tcp or udp' },
];
