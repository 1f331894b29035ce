import { type Command, NO_ARGS } from '../../command.ts';

export const command: Command = {
  usage: '',
  flags: [],
  args: NO_ARGS,
  async run(context) {
    context.out.write(`${context.contextName}\n`);
    return 0;
  },
};
