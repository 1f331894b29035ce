import { killContainer } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { forEachName } from '../../for-each.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [{ long: 'signal', short: 's', type: 'string', help: 'Signal to send to the container' }],
  args: atLeastArgs(1),
  run(context, { flags, args }) {
    return forEachName(context, args, async (name) => {
      await killContainer(context.client, name, flags.string('signal'));
      return name;
    });
  },
};
