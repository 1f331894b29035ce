import { pruneBuildCache } from '@berth/client';
import { type Command, NO_ARGS } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { humanSize } from '../../render/units.ts';

export const command: Command = {
  usage: '',
  flags: [
    { long: 'all', short: 'a', type: 'bool', help: 'Remove all unused build cache, not just dangling ones' },
    { long: 'filter', type: 'filter', help: 'Provide filter values (e.g. "until=24h")', check: checkFilter },
    { long: 'force', short: 'f', type: 'bool', help: 'Do not prompt for confirmation' },
    { long: 'keep-storage', type: 'bytes', help: 'Amount of disk space to keep for cache' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const all = flags.bool('all');
    const doomed = all ? 'all build cache' : 'all dangling build cache';
    if (
      !flags.bool('force') &&
      !confirm(context, `WARNING! This will remove ${doomed}. Are you sure you want to continue?`)
    )
      return 0;
    const { CachesDeleted, SpaceReclaimed } = await pruneBuildCache(context.client, {
      all,
      keepStorage: flags.number('keep-storage'),
      filters: readFilters(flags.list('filter'), context.config.pruneFilters),
    });
    const deleted = CachesDeleted?.length ? `Deleted build cache objects:\n${CachesDeleted.join('\n')}\n\n` : '';
    context.out.write(`${deleted}Total reclaimed space: ${humanSize(SpaceReclaimed)}\n`);
    return 0;
  },
};
