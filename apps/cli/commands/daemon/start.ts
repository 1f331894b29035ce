import { type Command, NO_ARGS } from '../../command.ts';
import { engineHost, engineLog, findEngine } from '../../daemon/find-engine.ts';
import { startEngine } from '../../daemon/start-engine.ts';

/** All words are options of the engine. */
export const command: Command = {
  usage: '[OPTIONS]',
  flags: [],
  args: NO_ARGS,
  passThrough: true,
  async run(context, { args }) {
    const running = findEngine(args);
    if (running) {
      context.out.write(`the engine runs already (pid ${running.pid})\n`);
      return 0;
    }
    const pid = await startEngine(engineHost(args), args);
    context.out.write(`started the engine (pid ${pid}, log ${engineLog(args)})\n`);
    return 0;
  },
};
