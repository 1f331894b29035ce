import { createCheckpoint } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { CHECKPOINT_DIR } from './directory-flag.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER CHECKPOINT',
  flags: [
    CHECKPOINT_DIR,
    { long: 'leave-running', type: 'bool', help: 'Leave the container running after checkpoint' },
  ],
  args: exactArgs(2),
  async run(context, { flags, args }) {
    const [container = '', name = ''] = args;
    const directory = flags.string('checkpoint-dir');
    await createCheckpoint(context.client, container, { name, directory, exit: !flags.bool('leave-running') });
    context.out.write(`${name}\n`);
    return 0;
  },
};
