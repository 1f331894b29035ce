import { removeVolume } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { forEachName } from '../../for-each.ts';

export const command: Command = {
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  description: 'Remove one or more volumes. You cannot remove a volume that is in use by a container.',
  flags: [{ long: 'force', short: 'f', type: 'bool', help: 'Force the removal of one or more volumes' }],
  args: atLeastArgs(1),
  run(context, { flags, args }) {
    return forEachName(context, args, async (name) => {
      await removeVolume(context.client, name, { force: flags.bool('force') });
      return name;
    });
  },
};
