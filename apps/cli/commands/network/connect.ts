import { connectNetwork } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { readStrictPairs } from '../container/options/environment.ts';

export const command: Command = {
  usage: '[OPTIONS] NETWORK CONTAINER',
  flags: [
    { long: 'alias', type: 'strings', help: 'Add network-scoped alias for the container' },
    { long: 'driver-opt', type: 'strings', help: 'driver options for the network' },
    {
      long: 'gw-priority',
      type: 'int',
      help: 'Highest gw-priority provides the default gateway. Accepts positive and negative values.',
    },
    { long: 'ip', type: 'string', help: 'IPv4 address (e.g., "172.30.100.104")' },
    { long: 'ip6', type: 'string', help: 'IPv6 address (e.g., "2001:db8::33")' },
    { long: 'link', type: 'list', help: 'Add link to another container' },
    { long: 'link-local-ip', type: 'strings', help: 'Add a link-local address for the container' },
  ],
  args: exactArgs(2),
  async run(context, { flags, args: [network = '', container = ''] }) {
    const lists = (name: string) => flags.list(name).flatMap((text) => text.split(','));
    const options = readStrictPairs(flags.list('driver-opt'), 'invalid key/value pair format in driver options');
    const local = lists('link-local-ip');
    await connectNetwork(context.client, network, container, {
      IPAMConfig: {
        ...(flags.string('ip') && { IPv4Address: flags.string('ip') }),
        ...(flags.string('ip6') && { IPv6Address: flags.string('ip6') }),
        ...(local.length > 0 && { LinkLocalIPs: local }),
      },
      Links: flags.list('link'),
      Aliases: lists('alias'),
      DriverOpts: options,
      GwPriority: flags.number('gw-priority'),
    });
    return 0;
  },
};
