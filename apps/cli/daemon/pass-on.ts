import { type Command, NO_ARGS } from '../command.ts';
import { replaceProcess } from './replace-process.ts';

/**
 * A command whose words all go to another program, `--help` too: that knows its own options, and takes the place of this
 * process. `program`: its command line, asked for when the command runs.
 */
export function passOn(program: () => readonly string[], usage = '[OPTIONS]'): Command {
  return {
    usage,
    flags: [],
    args: NO_ARGS,
    passThrough: true,
    async run(_context, { args }) {
      const [file = '', ...rest] = program();
      return replaceProcess(file, [...rest, ...args]);
    },
  };
}
