import { inspectVolume, updateVolume } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';
import { CLUSTER_FLAGS } from './cluster-flags.ts';

export const command: Command = {
  usage: '[OPTIONS] [VOLUME]',
  flags: [CLUSTER_FLAGS.availability],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const [name = ''] = args;
    const found = JSON.parse(await inspectVolume(context.client, name)) as ClusterVolume;
    const { ClusterVolume: cluster } = found;
    if (!cluster) throw new CliError('can only update cluster volumes');
    const spec = flags.changed('availability')
      ? { ...cluster.Spec, Availability: flags.string('availability') }
      : cluster.Spec;
    await updateVolume(context.client, cluster.ID, { version: cluster.Version.Index, spec });
    return 0;
  },
};

/** The part of Docker's Volume that only those of a swarm have. */
interface ClusterVolume {
  ClusterVolume?: { ID: string; Version: { Index: number }; Spec: object };
}
