import { inspectContainerText } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { INSPECT_FORMAT_HELP } from '../../flags/format-help.ts';
import { inspectAll } from '../inspect-all.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [
    { long: 'format', short: 'f', type: 'string', help: INSPECT_FORMAT_HELP },
    { long: 'size', short: 's', type: 'bool', help: 'Display total file sizes' },
  ],
  args: atLeastArgs(1),
  run(context, { flags, args }) {
    const size = flags.bool('size');
    return inspectAll(context, args, flags.string('format'), async (name) => ({
      kind: 'container',
      text: await inspectContainerText(context.client, name, { size }),
    }));
  },
};
