import { diskUsage } from '@berth/client';
import { type Command, NO_ARGS } from '../../command.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import { renderDiskUsage } from '../../render/disk-usage.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    { long: 'format', type: 'string', help: LIST_FORMAT_HELP },
    { long: 'verbose', short: 'v', type: 'bool', help: 'Show detailed information on space usage' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const usage = await diskUsage(context.client);
    context.out.write(await renderDiskUsage(usage, { format: flags.string('format'), verbose: flags.bool('verbose') }));
    return 0;
  },
};
