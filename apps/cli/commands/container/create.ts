import { atLeastArgs, type Command } from '../../command.ts';
import { bodyFromFlags, createFromFlags } from './create-container.ts';
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
    const body = bodyFromFlags(context, flags, args, 'create');
    const id = await createFromFlags(context, flags, body);
    context.out.write(`${id}\n`);
    return 0;
  },
};
