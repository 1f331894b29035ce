import { type Command, NO_ARGS } from '../../command.ts';
import { findEngine } from '../../daemon/find-engine.ts';
import { stopEngine } from '../../daemon/stop-engine.ts';

/** Takes the engine's --exec-root, which says which one. */
export const command: Command = {
  usage: '[--exec-root DIR]',
  flags: [],
  args: NO_ARGS,
  passThrough: true,
  async run(context, { args }) {
    const running = findEngine(args);
    if (!running) {
      context.out.write('the engine does not run\n');
      return 0;
    }
    await stopEngine(running.pid);
    context.out.write(`stopped the engine (pid ${running.pid}); containers go on\n`);
    return 0;
  },
};
