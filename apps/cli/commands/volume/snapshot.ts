import { snapshotVolume } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { COPY_FLAGS, describeCopy } from './copy-report.ts';

export const command: Command = {
  usage: '[OPTIONS] VOLUME',
  description:
    'Keep the data of this moment as a volume of its own, which can be mounted, backed up and restored.\n' +
    'List them with: volume ls --filter label=berth.snapshot.name=VOLUME',
  flags: [{ long: 'name', type: 'string', help: 'Name of the snapshot (default VOLUME and the time)' }, ...COPY_FLAGS],
  args: exactArgs(1),
  async run(context, { flags, args: [source = ''] }) {
    const options = { name: flags.string('name'), freeze: !flags.bool('live') };
    const { Name, Copy } = await snapshotVolume(context.client, source, options);
    context.out.write(`${Name}\n`);
    if (!flags.bool('quiet')) context.err.write(describeCopy(Copy));
    return 0;
  },
};
