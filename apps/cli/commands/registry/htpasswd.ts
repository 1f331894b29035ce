import { type Command, NO_ARGS } from '../../command.ts';
import { registryCommand } from '../../daemon/locate.ts';
import { replaceProcess } from '../../daemon/replace-process.ts';

/** All words go to the registry: it knows what a user looks like in its file. */
export const command: Command = {
  usage: '--user NAME [OPTIONS]',
  flags: [],
  args: NO_ARGS,
  passThrough: true,
  async run(_context, { args }) {
    const [program = '', ...rest] = registryCommand();
    return replaceProcess(program, [...rest, 'htpasswd', ...args]);
  },
};
