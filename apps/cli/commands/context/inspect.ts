import { describeError } from '@berth/kit';
import { atLeastArgs, type Command } from '../../command.ts';
import { lookUpContext } from '../../contexts/lookup.ts';
import { INSPECT_FORMAT_HELP } from '../../flags/format-help.ts';
import { contextInspectPrinter } from '../../render/contexts.ts';

export const command: Command = {
  usage: '[OPTIONS] [CONTEXT] [CONTEXT...]',
  flags: [{ long: 'format', short: 'f', type: 'string', help: INSPECT_FORMAT_HELP }],
  args: atLeastArgs(0),
  async run(context, { flags, args }) {
    const printer = await contextInspectPrinter(flags.string('format'));
    const errors: string[] = [];
    for (const name of args.length ? args : [context.contextName]) {
      try {
        printer.add(lookUpContext(context, name));
      } catch (error) {
        errors.push(describeError(error));
      }
    }
    context.out.write(printer.finish());
    if (errors.length) context.err.write(`${errors.join('\n')}\n`);
    return errors.length ? 1 : 0;
  },
};
