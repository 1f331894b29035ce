import { configFolder } from './config-file.ts';
import { dispatch } from './dispatch.ts';
import { openContext } from './open-context.ts';
import { processStreams } from './process-streams.ts';

/** Entry of the client. Ends by `process.exitCode`; what still reads stdin is let go by its owner. */
async function main(): Promise<void> {
  const { programName, argv } = ownName(process.argv, process.argv0);
  const { out, err, input } = processStreams();
  if (programName === 'docker-compose') {
    err.write(
      'docker-compose: Compose is not in this version of Berth yet.\nRun containers with `berth run`; Compose files will be read by a later version.\n',
    );
    process.exitCode = 1;
    return;
  }
  const configDir = configFolder('', process.env);
  process.exitCode = await dispatch(argv, {
    programName,
    configDir,
    columns: out.size()?.columns ?? 80,
    out: (text) => out.write(text),
    err: (text) => err.write(text),
    openContext: (global) => openContext(global, { programName, env: process.env, out, err, in: input }),
  });
  await Promise.all([out.drain(), err.drain()]);
}

/** Names the program answers to; anything else is `berth`. */
const NAMES = new Set(['berth', 'docker', 'docker-compose']);

/** The program's name by how it was called: a link's name, or `main.ts` run by Node. */
function ownName(args: readonly string[], argv0: string): { programName: string; argv: string[] } {
  const base = (path: string) => path.slice(path.lastIndexOf('/') + 1);
  const name = [process.env.BERTH_PROGRAM_NAME ?? '', argv0, args[0] ?? '']
    .map(base)
    .find((candidate) => NAMES.has(candidate));
  return { programName: name ?? 'berth', argv: args.slice(2) };
}

await main();
