import { command as exportCommand } from '../container/export.ts';
import type { ComposeCommand } from './compose.ts';
import { delegate } from './delegate.ts';
import { FLAGS } from './flags/export.ts';
import { oneContainer } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] SERVICE',
  flags: FLAGS,
  args: { min: 1, max: 1 },
  async run(compose, { flags, args: [service = ''], invoked }) {
    const { id } = await oneContainer(compose, service, flags.number('index'), false);
    if (compose.dryRun) return 0;
    const file = flags.string('output');
    return delegate(compose.context, exportCommand, [...(file ? [`--output=${file}`] : []), id], invoked);
  },
};
