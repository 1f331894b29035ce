import { inspectVolume } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { INSPECT_FORMAT_HELP } from '../../flags/format-help.ts';
import { inspectAll } from '../inspect-all.ts';

export const command: Command = {
  usage: '[OPTIONS] VOLUME [VOLUME...]',
  flags: [{ long: 'format', short: 'f', type: 'string', help: INSPECT_FORMAT_HELP }],
  args: atLeastArgs(1),
  run(context, { flags, args }) {
    return inspectAll(context, args, flags.string('format'), async (name) => ({
      kind: 'volume',
      text: await inspectVolume(context.client, name),
      typedOnly: true,
    }));
  },
};
