import { listCheckpoints } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { CHECKPOINT_DIR } from './directory-flag.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER',
  flags: [CHECKPOINT_DIR],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const found = await listCheckpoints(context.client, args[0] ?? '', flags.string('checkpoint-dir'));
    context.out.write(['CHECKPOINT NAME', ...found.map(({ Name }) => Name), ''].join('\n'));
    return 0;
  },
};
