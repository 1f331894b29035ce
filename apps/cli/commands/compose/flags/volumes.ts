import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose volumes`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  {
    long: 'format',
    type: 'string',
    default: 'table',
    help: "Format output using a custom template: 'table': Print output in table format with column headers (default) 'table TEMPLATE': Print output in table format using the given Go template 'json': Print in JSON format 'TEMPLATE': Print output using the given Go template. Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates",
  },
  { long: 'quiet', short: 'q', type: 'bool', help: 'Only display volume names' },
];
