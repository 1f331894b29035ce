import { unpauseContainer } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { forEachName } from '../../for-each.ts';

export const command: Command = {
  usage: 'CONTAINER [CONTAINER...]',
  flags: [],
  args: atLeastArgs(1),
  run(context, { args }) {
    return forEachName(context, args, async (name) => {
      await unpauseContainer(context.client, name);
      return name;
    });
  },
};
