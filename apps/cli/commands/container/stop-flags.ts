import type { StopOptions } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import type { FlagSpec } from '../../command.ts';
import type { FlagValues } from '../../flags/values.ts';

/** Of `stop` and `restart`; `--time` is the name that older clients had. */
export const STOP_FLAGS: readonly FlagSpec[] = [
  { long: 'signal', short: 's', type: 'string', help: 'Signal to send to the container' },
  {
    long: 'time',
    type: 'int',
    help: 'Seconds to wait before killing the container',
    hidden: true,
    deprecated: 'use --timeout instead',
  },
  { long: 'timeout', short: 't', type: 'int', help: 'Seconds to wait before killing the container' },
];

export function stopOptions(flags: FlagValues): StopOptions {
  if (flags.changed('time') && flags.changed('timeout'))
    throw new CliError('conflicting options: cannot specify both --timeout and --time');
  const name = flags.changed('time') ? 'time' : 'timeout';
  return { signal: flags.string('signal'), timeout: flags.changed(name) ? flags.number(name) : undefined };
}
