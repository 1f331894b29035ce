import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose logs`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'follow', short: 'f', type: 'bool', help: 'Follow log output' },
  { long: 'index', type: 'int', help: 'index of the container if service has multiple replicas' },
  { long: 'no-color', type: 'bool', help: 'Produce monochrome output' },
  { long: 'no-log-prefix', type: 'bool', help: "Don't print prefix in logs" },
  {
    long: 'since',
    type: 'string',
    help: 'Show logs since timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)',
  },
  {
    long: 'tail',
    short: 'n',
    type: 'string',
    default: 'all',
    help: 'Number of lines to show from the end of the logs for each container',
  },
  { long: 'timestamps', short: 't', type: 'bool', help: 'Show timestamps' },
  {
    long: 'until',
    type: 'string',
    help: 'Show logs before a timestamp (e.g. 2013-01-02T13:23:37Z) or relative (e.g. 42m for 42 minutes)',
  },
];
