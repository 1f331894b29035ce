import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose stats`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'all', short: 'a', type: 'bool', help: 'Show all containers (default shows just running)' },
  {
    long: 'format',
    type: 'string',
    help: "Format output using a custom template: 'table': Print output in table format with column headers (default) 'table TEMPLATE': Print output in table format using the given Go template 'json': Print in JSON format 'TEMPLATE': Print output using the given Go template. Refer to https://docs.docker.com/engine/cli/formatting/ for more information about formatting output with templates",
  },
  { long: 'no-stream', type: 'bool', help: 'Disable streaming stats and only pull the first result' },
  { long: 'no-trunc', type: 'bool', help: 'Do not truncate output' },
];
