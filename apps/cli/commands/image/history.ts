import { imageHistory } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import { renderHistory } from '../../render/history.ts';
import { parsePlatform } from './platform.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE',
  flags: [
    { long: 'format', type: 'string', help: LIST_FORMAT_HELP },
    {
      long: 'human',
      short: 'H',
      type: 'bool',
      default: 'true',
      help: 'Print sizes and dates in human readable format',
    },
    { long: 'no-trunc', type: 'bool', help: "Don't truncate output" },
    {
      long: 'platform',
      type: 'string',
      help: 'Show history for the given platform. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Only show image IDs' },
  ],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const items = await imageHistory(context.client, args[0] ?? '', parsePlatform(flags.string('platform')));
    const style = {
      format: flags.string('format'),
      quiet: flags.bool('quiet'),
      noTrunc: flags.bool('no-trunc'),
      human: flags.bool('human'),
    };
    context.out.write(await renderHistory(items, style));
    return 0;
  },
};
