import { CliError } from '../cli-error.ts';
import { engineCommand } from './locate.ts';

/** Lets the engine's program look at the settings without starting anything. Throws with its words when they are wrong. */
export async function checkSettings(options: readonly string[]): Promise<void> {
  const { spawnSync } = await import('node:child_process');
  const [program = '', ...args] = engineCommand();
  const { status, stderr, error } = spawnSync(program, [...args, ...options, '--validate'], { encoding: 'utf8' });
  if (status !== 0)
    throw new CliError(
      `the engine was left as it is: it could not be started again\n${error?.message ?? stderr.trim()}`,
    );
}
