import { removeNetwork } from '@berth/client';
import { describeError, isBerthError } from '@berth/kit';
import { atLeastArgs, type Command } from '../../command.ts';

export const command: Command = {
  usage: 'NETWORK [NETWORK...]',
  flags: [{ long: 'force', short: 'f', type: 'bool', help: 'Do not error if the network does not exist' }],
  args: atLeastArgs(1),
  async run(context, { flags, args }) {
    let failed = false;
    for (const name of args) {
      try {
        await removeNetwork(context.client, name);
        context.out.write(`${name}\n`);
      } catch (error) {
        if (flags.bool('force') && isBerthError(error, 'not-found')) continue;
        failed = true;
        context.err.write(`${describeError(error)}\n`);
      }
    }
    if (failed) context.err.write('exit status 1\n');
    return failed ? 1 : 0;
  },
};
