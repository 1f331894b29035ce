import { removeImage } from '@berth/client';
import { describeError, isBerthError } from '@berth/kit';
import { atLeastArgs, type Command } from '../../command.ts';
import { parsePlatform } from './platform.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE [IMAGE...]',
  flags: [
    { long: 'force', short: 'f', type: 'bool', help: 'Force removal of the image' },
    { long: 'no-prune', type: 'bool', help: 'Do not delete untagged parents' },
    {
      long: 'platform',
      type: 'strings',
      help: 'Remove only the given platform variant. Formatted as "os[/arch[/variant]]" (e.g., "linux/amd64")',
    },
  ],
  args: atLeastArgs(1),
  async run(context, { flags, args }) {
    const force = flags.bool('force');
    const platforms = flags.list('platform').flatMap((text) => text.split(','));
    const options = {
      force,
      noPrune: flags.bool('no-prune'),
      platforms: platforms.flatMap((text) => parsePlatform(text) ?? []),
    };
    const errors: string[] = [];
    let fatal = false;
    for (const name of args) {
      try {
        for (const { Deleted, Untagged } of await removeImage(context.client, name, options)) {
          context.out.write(Deleted ? `Deleted: ${Deleted}\n` : `Untagged: ${Untagged}\n`);
        }
      } catch (error) {
        fatal ||= !isBerthError(error, 'not-found');
        errors.push(describeError(error));
      }
    }
    if (errors.length) context.err.write(`${errors.join('\n')}\n`);
    // Docker's --force makes removing what is not there a success, but says so.
    return errors.length && (!force || fatal) ? 1 : 0;
  },
};
