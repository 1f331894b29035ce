import { CliError } from '../../cli-error.ts';
import { type Command, NO_ARGS } from '../../command.ts';
import { engineLog, findEngine } from '../../daemon/find-engine.ts';

/** Takes the engine's --exec-root, which says which one. What came of it is in the engine's log. */
export const command: Command = {
  usage: '[--exec-root DIR]',
  flags: [],
  args: NO_ARGS,
  passThrough: true,
  async run(context, { args }) {
    const running = findEngine(args);
    if (!running) throw new CliError('the engine does not run');
    try {
      process.kill(running.pid, 'SIGHUP');
    } catch (error) {
      const code = error instanceof Error && 'code' in error ? error.code : undefined;
      if (code === 'EPERM') throw new CliError(`may not reload the engine (pid ${running.pid}): run this as root`);
      throw error;
    }
    context.out.write(
      `asked the engine (pid ${running.pid}) to read its settings again; its log says what changed (${engineLog(running.options)})\n`,
    );
    return 0;
  },
};
