import { restoreVolume } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';
import { descriptorChunks, fileChunks } from '../image/file-chunks.ts';
import { COPY_FLAGS, describeCopy } from './copy-report.ts';

export const command: Command = {
  usage: '[OPTIONS] VOLUME',
  description:
    'Put the files of a backup or a snapshot in place of what a volume has; what fails changes nothing.\n' +
    'No container that uses the volume may run. A volume that does not exist is made.',
  flags: [
    { long: 'from', type: 'string', help: 'Take the data of another volume, such as a snapshot' },
    { long: 'input', short: 'i', type: 'string', help: 'Read the archive from a file, instead of STDIN' },
    ...COPY_FLAGS,
  ],
  args: exactArgs(1),
  async run(context, { flags, args: [name = ''] }) {
    const [from, input] = [flags.string('from'), flags.string('input')];
    if (from !== '' && input !== '') throw new CliError('conflicting options: cannot specify both --from and --input');
    if (from === '' && input === '' && context.in.isTerminal) {
      throw new CliError('requested restore from stdin, but stdin is a terminal: use --input or --from');
    }
    const archive = () => (input === '' ? descriptorChunks(context.in.fd) : fileChunks(input));
    const source = from === '' ? { archive: archive() } : { volume: from, freeze: !flags.bool('live') };
    const { Name, Copy } = await restoreVolume(context.client, name, source);
    context.out.write(`${Name}\n`);
    if (Copy && !flags.bool('quiet')) context.err.write(describeCopy(Copy));
    return 0;
  },
};
