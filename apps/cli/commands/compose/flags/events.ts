import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose events`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'json', type: 'bool', help: 'Output events as a stream of json objects' },
  { long: 'since', type: 'string', help: 'Show all events created since timestamp' },
  { long: 'until', type: 'string', help: 'Stream events until this timestamp' },
];
