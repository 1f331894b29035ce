import path from 'node:path';
import { eventually } from './containers.ts';
import { type CommandResult, run } from './docker.ts';
import type { TestEngine } from './engine.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

/** Runs the engine's program with these words until it ends; for help, checks and starts that fail. */
export function engineProgram(...words: string[]): Promise<CommandResult> {
  return run(
    path.join(REPOSITORY, 'node_modules/.bin/node'),
    [path.join(REPOSITORY, 'apps/engine/main.ts'), ...words],
    {
      timeout: 30_000,
    },
  );
}

/** The TCP port that an engine chose for `-H tcp://…:0`, from its log. */
export function tcpPort(engine: TestEngine): number {
  const ports = [...engine.output().matchAll(/engine is ready.*?tcp:\/\/[^\s"]*:(\d+)/g)];
  const port = ports.at(-1)?.[1];
  if (port === undefined) throw new Error(`the engine listens on no TCP port:\n${engine.output()}`);
  return Number(port);
}

/** Sends SIGHUP and resolves when the engine has said what came of it; the log since then. */
export async function reload(engine: TestEngine): Promise<string> {
  const before = engine.output().length;
  process.kill(engine.pid, 'SIGHUP');
  const since = () => engine.output().slice(before);
  await eventually(() => {
    if (!/settings were (not )?read again.*\n/.test(since())) throw new Error(`no word of a reload: ${since()}`);
  });
  return since();
}
