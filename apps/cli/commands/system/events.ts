import { engineEvents } from '@berth/client';
import { type Command, NO_ARGS } from '../../command.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { INSPECT_FORMAT_HELP } from '../../flags/format-help.ts';
import { readMoment } from '../../moment.ts';
import { eventPrinter } from '../../render/events.ts';
import { textLines } from './text-lines.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    {
      long: 'filter',
      short: 'f',
      type: 'filter',
      help: 'Filter output based on conditions provided',
      check: checkFilter,
    },
    { long: 'format', type: 'string', help: INSPECT_FORMAT_HELP },
    { long: 'since', type: 'string', help: 'Show all events created since timestamp' },
    { long: 'until', type: 'string', help: 'Stream events until this timestamp' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const print = await eventPrinter(flags.string('format'));
    const response = await engineEvents(context.client, {
      since: readMoment(flags.string('since')),
      until: readMoment(flags.string('until')),
      filters: readFilters(flags.list('filter')),
    });
    for await (const line of textLines(response.body)) {
      context.out.write(print(line));
      await context.out.drain();
    }
    return 0;
  },
};
