import { loadImages } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { type Command, NO_ARGS } from '../../command.ts';
import { descriptorChunks, fileChunks } from './file-chunks.ts';
import { parsePlatform } from './platform.ts';
import { showStream } from './show-stream.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    { long: 'input', short: 'i', type: 'string', help: 'Read from tar archive file, instead of STDIN' },
    {
      long: 'platform',
      type: 'string',
      help: 'Load only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Suppress the load output' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const input = flags.string('input');
    if (input === '' && context.in.isTerminal) throw new CliError('requested load from stdin, but stdin is empty');
    const platform = parsePlatform(flags.string('platform'));
    const archive = input === '' ? descriptorChunks(context.in.fd) : fileChunks(input);
    const quiet = flags.bool('quiet') || !context.out.isTerminal;
    await showStream(context, await loadImages(context.client, archive, { quiet, platform }));
    return 0;
  },
};
