import { type Command, NO_ARGS } from '../../command.ts';
import { engineHost, findEngine } from '../../daemon/find-engine.ts';
import { answers } from '../../daemon/probe.ts';

/** Exit code for "not running", as service managers have it. */
const NOT_RUNNING = 3;

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
      return NOT_RUNNING;
    }
    const host = engineHost(running.options);
    const state = (await answers(host)) ? `answers at ${host}` : `does not answer at ${host}`;
    context.out.write(`the engine runs (pid ${running.pid}) and ${state}\n`);
    return 0;
  },
};
