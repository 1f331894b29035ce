import { type Command, NO_ARGS } from '../../command.ts';
import { checkSettings } from '../../daemon/check-settings.ts';
import { engineHost, engineLog, findEngine, namesOnly } from '../../daemon/find-engine.ts';
import { startEngine } from '../../daemon/start-engine.ts';
import { stopEngine } from '../../daemon/stop-engine.ts';

/** Options given here take the place of those that it was started with; --exec-root and --config-file only say which engine. */
export const command: Command = {
  usage: '[OPTIONS]',
  flags: [],
  args: NO_ARGS,
  passThrough: true,
  async run(context, { args }) {
    const running = findEngine(args);
    const options = namesOnly(args) && running ? running.options : args;
    if (running) {
      await checkSettings(options);
      await stopEngine(running.pid);
    }
    const pid = await startEngine(engineHost(options), options);
    context.out.write(`${running ? 'restarted' : 'started'} the engine (pid ${pid}, log ${engineLog(options)})\n`);
    return 0;
  },
};
