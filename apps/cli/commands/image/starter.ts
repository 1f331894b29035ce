import { makeStarterImages } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { showStream } from './show-stream.ts';

export const command: Command = {
  usage: 'NAME [NAME...]',
  description:
    'Make starter images from Debian packages, for machines that cannot reach a registry.\n' +
    'They are small, honest stand-ins (labelled as such) under the names hello-world, busybox, debian, registry.',
  flags: [],
  args: atLeastArgs(1),
  async run(context, { args }) {
    await showStream(context, await makeStarterImages(context.client, args));
    return 0;
  },
};
