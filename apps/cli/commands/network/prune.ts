import { pruneNetworks } from '@berth/client';
import { type Command, NO_ARGS } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    { long: 'filter', type: 'filter', help: 'Provide filter values (e.g. "until=<timestamp>")', check: checkFilter },
    { long: 'force', short: 'f', type: 'bool', help: 'Do not prompt for confirmation' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const filters = readFilters(flags.list('filter'), context.config.pruneFilters);
    const question =
      'WARNING! This will remove all custom networks not used by at least one container.\nAre you sure you want to continue?';
    if (!flags.bool('force') && !confirm(context, question)) return 0;
    const { NetworksDeleted: deleted } = await pruneNetworks(context.client, filters);
    if (deleted?.length) context.out.write(`Deleted Networks:\n${deleted.map((name) => `${name}\n`).join('')}\n`);
    return 0;
  },
};
