import { atLeastArgs, type Command } from '../../command.ts';
import { createFromFlags, withHelp } from './create-container.ts';
import { createBody } from './options/create-body.ts';
import { CREATE_FLAGS } from './options/flags.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  flags: [
    ...CREATE_FLAGS,
    {
      long: 'pull',
      type: 'string',
      default: 'missing',
      help: 'Pull image before creating ("always", "|missing", "never")',
    },
  ],
  args: atLeastArgs(1),
  interspersed: false,
  async run(context, { flags, args }) {
    try {
      const id = await createFromFlags(context, flags, createBody(flags, args, context));
      context.out.write(`${id}\n`);
      return 0;
    } catch (error) {
      throw withHelp(error, context, 'create');
    }
  },
};
