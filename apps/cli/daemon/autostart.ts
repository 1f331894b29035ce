import type { Context } from '../context.ts';
import { engineLog } from './find-engine.ts';
import { startEngine } from './start-engine.ts';

/**
 * Starts the engine in the background because nothing listens at the default address, and waits until it answers. Says
 * so in one line. Resolves to true; throws with the end of the engine's log when it does not come up.
 */
export async function autostart(context: Context): Promise<boolean> {
  const pid = await startEngine(context.host, []);
  context.err.write(`berth: engine was not running; started it (pid ${pid}, log ${engineLog([])})\n`);
  return true;
}
