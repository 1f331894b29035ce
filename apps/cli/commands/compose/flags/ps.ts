import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose ps`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  {
    long: 'all',
    short: 'a',
    type: 'bool',
    help: 'Show all stopped containers (including those created by the run command)',
  },
  { long: 'filter', type: 'string', help: 'Filter services by a property (supported filters: status)' },
  {
    long: 'format',
    type: 'string',
    help: "Format output using a custom template: 'table': Print output in table format with column headers (default) 'table TEMPLATE': Print output in table format using the given Go template 'json': Print in JSON format 'TEMPLATE': Print output using the given Go template. Refer to https://docs.docker.com/go/formatting/ for more information about formatting output with templates",
  },
  { long: 'no-trunc', type: 'bool', help: "Don't truncate output" },
  { long: 'orphans', type: 'bool', default: 'true', help: 'Include orphaned services (not declared by project)' },
  { long: 'quiet', short: 'q', type: 'bool', help: 'Only display IDs' },
  { long: 'services', type: 'bool', help: 'Display services' },
  {
    long: 'status',
    type: 'stringArray',
    help: 'Filter services by status. Values: [paused | restarting | removing | running | dead | created | exited]',
  },
];
