import { createNetwork } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import type { FlagValues } from '../../flags/values.ts';
import { checkLabel, readPairs } from '../container/options/environment.ts';
import { readSubnets } from './subnets.ts';

export const command: Command = {
  usage: '[OPTIONS] NETWORK',
  flags: [
    { long: 'attachable', type: 'bool', help: 'Enable manual container attachment' },
    {
      long: 'aux-address',
      type: 'map',
      default: 'map[]',
      help: 'Auxiliary IPv4 or IPv6 addresses used by Network driver',
    },
    { long: 'config-from', type: 'string', help: 'The network from which to copy the configuration' },
    { long: 'config-only', type: 'bool', help: 'Create a configuration only network' },
    { long: 'driver', short: 'd', type: 'string', default: 'bridge', help: 'Driver to manage the Network' },
    { long: 'gateway', type: 'strings', help: 'IPv4 or IPv6 Gateway for the master subnet' },
    { long: 'ingress', type: 'bool', help: 'Create swarm routing-mesh network' },
    { long: 'internal', type: 'bool', help: 'Restrict external access to the network' },
    { long: 'ip-range', type: 'strings', help: 'Allocate container ip from a sub-range' },
    { long: 'ipam-driver', type: 'string', default: 'default', help: 'IP Address Management Driver' },
    { long: 'ipam-opt', type: 'map', default: 'map[]', help: 'Set IPAM driver specific options' },
    { long: 'ipv4', type: 'bool', default: 'true', help: 'Enable or disable IPv4 address assignment' },
    { long: 'ipv6', type: 'bool', help: 'Enable or disable IPv6 address assignment' },
    { long: 'label', type: 'list', help: 'Set metadata on a network', check: checkLabel },
    { long: 'opt', short: 'o', type: 'map', default: 'map[]', help: 'Set driver specific options' },
    { long: 'scope', type: 'string', help: "Control the network's scope" },
    { long: 'subnet', type: 'strings', help: 'Subnet in CIDR format that represents a network segment' },
  ],
  args: exactArgs(1),
  async run(context, { flags, args: [name = ''] }) {
    const { Id, Warning } = await createNetwork(context.client, bodyOf(name, flags));
    if (Warning) context.err.write(`WARNING: ${Warning}\n`);
    context.out.write(`${Id}\n`);
    return 0;
  },
};

function bodyOf(name: string, flags: FlagValues): object {
  const from = flags.string('config-from');
  return {
    Name: name,
    Driver: flags.string('driver'),
    Scope: flags.string('scope'),
    ...(flags.changed('ipv4') && { EnableIPv4: flags.bool('ipv4') }),
    ...(flags.changed('ipv6') && { EnableIPv6: flags.bool('ipv6') }),
    IPAM: {
      Driver: flags.string('ipam-driver'),
      Options: readPairs(flags.list('ipam-opt')),
      Config: readSubnets({
        subnets: lists(flags, 'subnet'),
        ranges: lists(flags, 'ip-range'),
        gateways: lists(flags, 'gateway'),
        aux: readPairs(flags.list('aux-address')),
      }),
    },
    Internal: flags.bool('internal'),
    Attachable: flags.bool('attachable'),
    Ingress: flags.bool('ingress'),
    ConfigOnly: flags.bool('config-only'),
    ConfigFrom: from === '' ? null : { Network: from },
    Options: readPairs(flags.list('opt')),
    Labels: readPairs(flags.list('label')),
  };
}

function lists(flags: FlagValues, name: string): string[] {
  return flags.list(name).flatMap((text) => text.split(','));
}
