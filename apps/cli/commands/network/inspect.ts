import { inspectNetwork } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { INSPECT_FORMAT_HELP } from '../../flags/format-help.ts';
import { inspectAll } from '../inspect-all.ts';

export const command: Command = {
  usage: '[OPTIONS] NETWORK [NETWORK...]',
  flags: [
    { long: 'format', short: 'f', type: 'string', help: INSPECT_FORMAT_HELP },
    { long: 'verbose', short: 'v', type: 'bool', help: 'Verbose output for diagnostics' },
  ],
  args: atLeastArgs(1),
  run(context, { flags, args }) {
    const verbose = flags.bool('verbose');
    return inspectAll(context, args, flags.string('format'), async (name) => ({
      kind: 'network',
      text: await inspectNetwork(context.client, name, { verbose }),
    }));
  },
};
