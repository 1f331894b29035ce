import { waitContainer } from '@berth/client';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { atLeastArgs, type Command } from '../../command.ts';

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  flags: [],
  args: atLeastArgs(1),
  async run(context, { args }) {
    const errors: string[] = [];
    for (const name of args) {
      try {
        const { exited } = await waitContainer(context.client, name, 'not-running');
        const result = await exited;
        if (result.Error?.Message) throw new CliError(result.Error.Message);
        context.out.write(`${result.StatusCode}\n`);
      } catch (error) {
        errors.push(describeError(error));
      }
    }
    if (errors.length) throw new CliError(errors.join('\n'));
    return 0;
  },
};
