import { cloneVolume } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { COPY_FLAGS, describeCopy } from './copy-report.ts';

export const command: Command = {
  usage: '[OPTIONS] VOLUME NEW_NAME',
  description:
    'Make a new volume with the same data. Blocks are shared where the file system can (btrfs, xfs), else copied.\n' +
    'Running containers that use the volume stand still meanwhile, so that the copy is of one moment.',
  flags: COPY_FLAGS,
  args: exactArgs(2),
  async run(context, { flags, args: [source = '', name = ''] }) {
    const { Name, Copy } = await cloneVolume(context.client, source, { name, freeze: !flags.bool('live') });
    context.out.write(`${Name}\n`);
    if (!flags.bool('quiet')) context.err.write(describeCopy(Copy));
    return 0;
  },
};
