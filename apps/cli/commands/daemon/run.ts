import { type Command, NO_ARGS } from '../../command.ts';
import { engineCommand } from '../../daemon/locate.ts';
import { replaceProcess } from '../../daemon/replace-process.ts';

/** All words go to the engine, `--help` too: it knows its own options. */
export const command: Command = {
  usage: '[OPTIONS]',
  flags: [],
  args: NO_ARGS,
  passThrough: true,
  async run(_context, { args }) {
    const [program = '', ...rest] = engineCommand();
    return replaceProcess(program, [...rest, ...args]);
  },
};
