import { readVolumeFile } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';

export const command: Command = {
  usage: 'VOLUME PATH',
  description: 'Write the content of a file in a volume, without a container.',
  flags: [],
  args: exactArgs(2),
  async run(context, { args: [name = '', path = ''] }) {
    for await (const chunk of (await readVolumeFile(context.client, name, path)).body) {
      context.out.write(chunk);
      await context.out.drain();
    }
    return 0;
  },
};
