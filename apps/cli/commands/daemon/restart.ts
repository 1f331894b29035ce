import { type Command, NO_ARGS } from '../../command.ts';
import { engineHost, findEngine } from '../../daemon/find-engine.ts';
import { ENGINE_LOG, startEngine } from '../../daemon/start-engine.ts';
import { stopEngine } from '../../daemon/stop-engine.ts';

/** Options given here take the place of those that the engine was started with, except --exec-root, which says which one. */
export const command: Command = {
  usage: '[OPTIONS]',
  flags: [],
  args: NO_ARGS,
  passThrough: true,
  async run(context, { args }) {
    const running = findEngine(args);
    if (running) await stopEngine(running.pid);
    const options = args.length > 0 ? args : (running?.options ?? []);
    const pid = await startEngine(engineHost(options), options);
    context.out.write(`${running ? 'restarted' : 'started'} the engine (pid ${pid}, log ${ENGINE_LOG})\n`);
    return 0;
  },
};
