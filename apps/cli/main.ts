import { configFolder } from './config-file.ts';
import { dispatch } from './dispatch.ts';
import { openContext } from './open-context.ts';
import { processStreams } from './process-streams.ts';

/** Entry of the client; resolves to the exit code. */
async function main(): Promise<number> {
  const { programName, argv } = ownName(process.argv, process.argv0);
  const { out, err, input } = processStreams();
  const configDir = configFolder('', process.env);
  const words =
    programName === 'docker-compose' ? (await import('./commands/compose/classic-words.ts')).classicWords(argv) : argv;
  const code = await dispatch(words, {
    programName,
    configDir,
    columns: () => out.size()?.columns ?? 80,
    out: (text) => out.write(text),
    err: (text) => err.write(text),
    openContext: (global) => openContext(global, { programName, env: process.env, out, err, in: input }),
  });
  await Promise.all([out.drain(), err.drain()]);
  return code;
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

// Everything is written by now (see Output). A read of stdin or a wait that nobody needs any more must not keep us alive.
process.exit(await main());
