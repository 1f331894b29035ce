import { listNetworks } from '@berth/client';
import { type Command, NO_ARGS } from '../../command.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import { renderNetworkList } from '../../render/networks.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    {
      long: 'filter',
      short: 'f',
      type: 'filter',
      help: 'Provide filter values (e.g. "driver=bridge")',
      check: checkFilter,
    },
    { long: 'format', type: 'string', help: LIST_FORMAT_HELP },
    { long: 'no-trunc', type: 'bool', help: 'Do not truncate the output' },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Only display network IDs' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const networks = await listNetworks(context.client, readFilters(flags.list('filter')));
    // Docker sorts by name; numbers inside names count as numbers (net2 before net10).
    networks.sort((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }));
    const style = {
      format: flags.string('format'),
      networksFormat: context.config.networksFormat,
      quiet: flags.bool('quiet'),
      noTrunc: flags.bool('no-trunc'),
    };
    context.out.write(await renderNetworkList(networks, style));
    return 0;
  },
};
