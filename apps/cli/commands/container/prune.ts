import { pruneContainers } from '@berth/client';
import { type Command, NO_ARGS } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { humanSize } from '../../render/units.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    { long: 'filter', type: 'filter', help: 'Provide filter values (e.g. "until=<timestamp>")', check: checkFilter },
    { long: 'force', short: 'f', type: 'bool', help: 'Do not prompt for confirmation' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const filters = readFilters(flags.list('filter'), context.config.pruneFilters);
    if (
      !flags.bool('force') &&
      !confirm(context, 'WARNING! This will remove all stopped containers.\nAre you sure you want to continue?')
    )
      return 0;
    const { ContainersDeleted: deleted, SpaceReclaimed: space } = await pruneContainers(context.client, filters);
    if (deleted?.length) context.out.write(`Deleted Containers:\n${deleted.map((id) => `${id}\n`).join('')}\n`);
    context.out.write(`Total reclaimed space: ${humanSize(space)}\n`);
    return 0;
  },
};
