import { searchImages } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { renderSearch } from '../../render/search.ts';
import { registryAuth } from './credentials.ts';

export const command: Command = {
  usage: '[OPTIONS] TERM',
  flags: [
    {
      long: 'filter',
      short: 'f',
      type: 'filter',
      help: 'Filter output based on conditions provided',
      check: checkFilter,
    },
    { long: 'format', type: 'string', help: 'Pretty-print search using a Go template' },
    { long: 'limit', type: 'int', help: 'Max number of search results' },
    { long: 'no-trunc', type: 'bool', help: "Don't truncate output" },
  ],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const term = args[0] ?? '';
    const results = await searchImages(context.client, term, {
      limit: flags.number('limit'),
      filters: readFilters(flags.list('filter')),
      auth: await registryAuth(context, term),
    });
    context.out.write(await renderSearch(results, { format: flags.string('format'), noTrunc: flags.bool('no-trunc') }));
    return 0;
  },
};
