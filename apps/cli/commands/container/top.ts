import { topContainer } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { alignTabs } from '../../render/tabwriter.ts';

/** Wider columns than Docker's lists have. */
const LAYOUT = { minWidth: 20, padding: 3 };

export const command: Command = {
  usage: 'CONTAINER [ps OPTIONS]',
  flags: [],
  args: atLeastArgs(1),
  interspersed: false,
  async run(context, { args }) {
    const [name = '', ...psArgs] = args;
    const { Titles: titles, Processes: processes } = await topContainer(context.client, name, psArgs.join(' '));
    const rows = [titles, ...(processes ?? [])];
    context.out.write(`${alignTabs(rows.map((row) => row.join('\t')).join('\n'), LAYOUT)}\n`);
    return 0;
  },
};
