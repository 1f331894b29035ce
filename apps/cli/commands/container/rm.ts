import { removeContainer } from '@berth/client';
import { isBerthError } from '@berth/kit';
import { atLeastArgs, type Command } from '../../command.ts';
import { forEachName } from '../../for-each.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [
    { long: 'force', short: 'f', type: 'bool', help: 'Force the removal of a running container (uses SIGKILL)' },
    { long: 'link', short: 'l', type: 'bool', help: 'Remove the specified link' },
    { long: 'volumes', short: 'v', type: 'bool', help: 'Remove anonymous volumes associated with the container' },
  ],
  args: atLeastArgs(1),
  run(context, { flags, args }) {
    const force = flags.bool('force');
    return forEachName(context, args, async (given): Promise<string | undefined> => {
      const name = given.replace(/^\/+|\/+$/g, '');
      if (name === '') throw new Error('container name cannot be empty');
      try {
        await removeContainer(context.client, name, {
          force,
          volumes: flags.bool('volumes'),
          link: flags.bool('link'),
        });
      } catch (error) {
        // Docker's --force makes removing what is not there a success, but says so.
        if (!(force && isBerthError(error, 'not-found'))) throw error;
        context.err.write(`${error.message}\n`);
        return undefined;
      }
      return given;
    });
  },
};
