import { listContainers } from '@berth/client';
import { type Command, NO_ARGS } from '../../command.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import { containerListNeedsSize, renderContainerList } from '../../render/containers.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    { long: 'all', short: 'a', type: 'bool', help: 'Show all containers (default shows just running)' },
    {
      long: 'filter',
      short: 'f',
      type: 'filter',
      help: 'Filter output based on conditions provided',
      check: checkFilter,
    },
    { long: 'format', type: 'string', help: LIST_FORMAT_HELP },
    {
      long: 'last',
      short: 'n',
      type: 'int',
      default: '-1',
      help: 'Show n last created containers (includes all states)',
    },
    { long: 'latest', short: 'l', type: 'bool', help: 'Show the latest created container (includes all states)' },
    { long: 'no-trunc', type: 'bool', help: "Don't truncate output" },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Only display container IDs' },
    { long: 'size', short: 's', type: 'bool', help: 'Display total file sizes' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const last = flags.number('last');
    const style = {
      format: flags.string('format'),
      psFormat: context.config.psFormat,
      quiet: flags.bool('quiet'),
      noTrunc: flags.bool('no-trunc'),
      size: flags.bool('size'),
    };
    if (style.quiet && style.format)
      context.err.write('WARNING: Ignoring custom format, because both --format and --quiet are set.\n');
    const containers = await listContainers(context.client, {
      all: flags.bool('all'),
      limit: flags.bool('latest') && last === -1 ? 1 : last,
      size: style.size || (await containerListNeedsSize(style)),
      filters: readFilters(flags.list('filter')),
    });
    context.out.write(await renderContainerList(containers, style));
    return 0;
  },
};
