import { type Command, NO_ARGS } from '../../command.ts';
import { engineCommand } from '../../daemon/locate.ts';
import { replaceProcess } from '../../daemon/replace-process.ts';

/** The engine's program makes the certificates: it is what uses them. */
export const command: Command = {
  usage: 'init [OPTIONS]',
  flags: [],
  args: NO_ARGS,
  passThrough: true,
  async run(_context, { args }) {
    const [program = '', ...rest] = engineCommand();
    return replaceProcess(program, [...rest, 'tls', ...args]);
  },
};
