import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose down`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'remove-orphans', type: 'bool', help: 'Remove containers for services not defined in the Compose file' },
  {
    long: 'rmi',
    type: 'string',
    help: `Remove images used by services. "local" remove only images that don't have a custom tag ("local"|"all")`,
  },
  { long: 'timeout', short: 't', type: 'int', help: 'Specify a shutdown timeout in seconds' },
  {
    long: 'volumes',
    short: 'v',
    type: 'bool',
    help: 'Remove named volumes declared in the "volumes" section of the Compose file and anonymous volumes attached to containers',
  },
  { long: 'volume', type: 'bool', sameAs: 'volumes', hidden: true, help: 'Another spelling of --volumes' },
];
