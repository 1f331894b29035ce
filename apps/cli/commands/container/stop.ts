import { stopContainer } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { forEachName } from '../../for-each.ts';
import { STOP_FLAGS, stopOptions } from './stop-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: STOP_FLAGS,
  args: atLeastArgs(1),
  run(context, { flags, args }) {
    const options = stopOptions(flags);
    return forEachName(context, args, async (name) => {
      await stopContainer(context.client, name, options);
      return name;
    });
  },
};
