import { inspectImage } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { INSPECT_FORMAT_HELP } from '../../flags/format-help.ts';
import { inspectAll } from '../inspect-all.ts';
import { parsePlatform } from './platform.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [
    { long: 'format', short: 'f', type: 'string', help: INSPECT_FORMAT_HELP },
    {
      long: 'platform',
      type: 'string',
      help:
        'Inspect a specific platform of the multi-platform image.\n' +
        'If the image or the server is not multi-platform capable, the command will error out if the platform does not match.\n' +
        "'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    },
  ],
  args: atLeastArgs(1),
  run(context, { flags, args }) {
    const platform = parsePlatform(flags.string('platform'));
    return inspectAll(context, args, flags.string('format'), async (name) => ({
      kind: 'image',
      text: await inspectImage(context.client, name, platform),
    }));
  },
};
