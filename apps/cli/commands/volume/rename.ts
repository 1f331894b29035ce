import { renameVolume } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';

export const command: Command = {
  usage: 'VOLUME NEW_NAME',
  description: 'Rename a volume, also while containers use it.',
  flags: [],
  args: exactArgs(2),
  async run(context, { args: [name = '', wanted = ''] }) {
    await renameVolume(context.client, name, wanted);
    return 0;
  },
};
