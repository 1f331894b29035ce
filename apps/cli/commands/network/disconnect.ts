import { disconnectNetwork } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';

export const command: Command = {
  usage: '[OPTIONS] NETWORK CONTAINER',
  flags: [{ long: 'force', short: 'f', type: 'bool', help: 'Force the container to disconnect from a network' }],
  args: exactArgs(2),
  async run(context, { flags, args: [network = '', container = ''] }) {
    await disconnectNetwork(context.client, network, container, { force: flags.bool('force') });
    return 0;
  },
};
