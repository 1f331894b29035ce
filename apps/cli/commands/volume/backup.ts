import { backupVolume } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';

export const command: Command = {
  usage: '[OPTIONS] VOLUME',
  description:
    'Write all files of a volume as a tar archive.\n' +
    'Containers go on meanwhile: for the files of one moment take a snapshot and back that up.',
  flags: [{ long: 'output', short: 'o', type: 'string', help: 'Write to a file, instead of STDOUT' }],
  args: exactArgs(1),
  async run(context, { flags, args: [name = ''] }) {
    const output = flags.string('output');
    if (output === '' && context.out.isTerminal) {
      throw new CliError('cowardly refusing to write a backup to a terminal. Use the -o flag or redirect');
    }
    const request = async () => (await backupVolume(context.client, name)).body;
    if (output !== '') {
      await (await import('../image/save-file.ts')).saveFile(output, request, 'failed to back up the volume');
      return 0;
    }
    for await (const chunk of await request()) {
      context.out.write(chunk);
      await context.out.drain();
    }
    return 0;
  },
};
