import { createVolume } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { atMostArgs, type Command } from '../../command.ts';
import { checkLabel, readPairs } from '../container/options/environment.ts';
import { CLUSTER_FLAGS, clusterSpec } from './cluster-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] [VOLUME]',
  flags: [
    CLUSTER_FLAGS.availability,
    { long: 'driver', short: 'd', type: 'string', default: 'local', help: 'Specify volume driver name' },
    CLUSTER_FLAGS.group,
    { long: 'label', type: 'list', help: 'Set metadata for a volume', check: checkLabel },
    CLUSTER_FLAGS.limitBytes,
    { long: 'name', type: 'string', hidden: true, help: 'Specify volume name' },
    { long: 'opt', short: 'o', type: 'map', help: 'Set driver specific options (default map[])' },
    CLUSTER_FLAGS.requiredBytes,
    CLUSTER_FLAGS.scope,
    CLUSTER_FLAGS.secret,
    CLUSTER_FLAGS.sharing,
    CLUSTER_FLAGS.topologyPreferred,
    CLUSTER_FLAGS.topologyRequired,
    CLUSTER_FLAGS.type,
  ],
  args: atMostArgs(1),
  async run(context, { flags, args }) {
    const [name] = args;
    if (name !== undefined && flags.string('name') !== '') {
      throw new CliError(
        'conflicting options: cannot specify a volume-name through both --name and as a positional arg',
      );
    }
    const chosen = name ?? flags.string('name');
    const ClusterVolumeSpec = clusterSpec(flags);
    const { Name } = await createVolume(context.client, {
      ...(ClusterVolumeSpec && { ClusterVolumeSpec }),
      Driver: flags.string('driver'),
      ...given('DriverOpts', readPairs(flags.list('opt'))),
      ...given('Labels', readPairs(flags.list('label'))),
      ...(chosen !== '' && { Name: chosen }),
    });
    context.out.write(`${Name}\n`);
    return 0;
  },
};

/** As Docker's client sends it: nothing for nothing, names in order. */
function given(member: 'DriverOpts' | 'Labels', pairs: Record<string, string>): object {
  const sorted = Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.length > 0 ? { [member]: Object.fromEntries(sorted) } : {};
}
