import { saveImages } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { atLeastArgs, type Command } from '../../command.ts';
import type { Context } from '../../context.ts';
import { parsePlatform } from './platform.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [
    { long: 'output', short: 'o', type: 'string', help: 'Write to a file, instead of STDOUT' },
    {
      long: 'platform',
      type: 'string',
      help: 'Save only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
  ],
  args: atLeastArgs(1),
  async run(context, { flags, args }) {
    const output = flags.string('output');
    const platform = parsePlatform(flags.string('platform'));
    if (output === '' && context.out.isTerminal) {
      throw new CliError('cowardly refusing to save to a terminal. Use the -o flag or redirect');
    }
    const request = async () => (await saveImages(context.client, args, platform ? [platform] : [])).body;
    if (output === '') await toStdout(context, await request());
    else await (await import('./save-file.ts')).saveFile(output, request, 'failed to save image');
    return 0;
  },
};

async function toStdout(context: Context, body: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const chunk of body) {
    context.out.write(chunk);
    await context.out.drain();
  }
}
