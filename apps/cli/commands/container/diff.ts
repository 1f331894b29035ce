import { containerChanges } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';

const LETTERS = ['C', 'A', 'D'] as const;

export const command: Command = {
  usage: 'CONTAINER',
  flags: [],
  args: exactArgs(1),
  async run(context, { args: [name = ''] }) {
    if (name === '') throw new CliError('Container name cannot be empty');
    for (const { Path, Kind } of await containerChanges(context.client, name)) {
      context.out.write(`${LETTERS[Kind]} ${Path}\n`);
      await context.out.drain();
    }
    return 0;
  },
};
