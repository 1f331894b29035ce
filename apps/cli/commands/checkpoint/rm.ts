import { removeCheckpoint } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { CHECKPOINT_DIR } from './directory-flag.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER CHECKPOINT',
  flags: [CHECKPOINT_DIR],
  args: exactArgs(2),
  async run(context, { flags, args }) {
    const [container = '', name = ''] = args;
    await removeCheckpoint(context.client, container, name, flags.string('checkpoint-dir'));
    return 0;
  },
};
