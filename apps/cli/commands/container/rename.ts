import { renameContainer } from '@berth/client';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';

export const command: Command = {
  usage: 'CONTAINER NEW_NAME',
  flags: [],
  args: exactArgs(2),
  async run(context, { args }) {
    const [name = '', newName = ''] = args.map((arg) => arg.trim());
    if (!name || !newName) throw new CliError('Error: Neither old nor new names may be empty');
    try {
      await renameContainer(context.client, name, newName);
    } catch (error) {
      throw new CliError(`${describeError(error)}\nError: failed to rename container named ${name}`);
    }
    return 0;
  },
};
