import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose cp`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'all', type: 'bool', help: 'Include containers created by the run command' },
  { long: 'archive', short: 'a', type: 'bool', help: 'Archive mode (copy all uid/gid information)' },
  { long: 'follow-link', short: 'L', type: 'bool', help: 'Always follow symbol link in SRC_PATH' },
  { long: 'index', type: 'int', help: 'Index of the container if service has multiple replicas' },
];
