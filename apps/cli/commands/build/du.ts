import { diskUsage } from '@berth/client';
import { type Command, NO_ARGS } from '../../command.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import { buildCacheSpec } from '../../render/build-cache.ts';
import { renderList } from '../../render/list.ts';
import { humanSize } from '../../render/units.ts';

/** As the detailed view of `system df` has them, and what each record is. */
const COLUMNS = ['ID', 'CacheType', 'Size', 'CreatedSince', 'LastUsedSince', 'UsageCount', 'Shared', 'Description'];

export const command: Command = {
  usage: '[OPTIONS]',
  description: 'Show what the build cache holds, its size and when it was used last.',
  flags: [
    { long: 'format', type: 'string', help: LIST_FORMAT_HELP },
    { long: 'no-trunc', type: 'bool', help: "Don't truncate output" },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const { BuildCache } = await diskUsage(context.client);
    const records = BuildCache ?? [];
    const format = flags.string('format');
    context.out.write(
      await renderList(
        records,
        buildCacheSpec(!flags.bool('no-trunc')),
        format === '' || format === 'table' ? { kind: 'table', columns: COLUMNS } : { kind: 'custom', format },
      ),
    );
    if (format !== '') return 0;
    const sum = (list: typeof records) => humanSize(list.reduce((total, { Size }) => total + Size, 0));
    const unused = records.filter(({ InUse }) => !InUse);
    context.out.write(`\nReclaimable: ${sum(unused)}\nTotal:       ${sum(records)}\n`);
    return 0;
  },
};
