import { dispatch } from '../../apps/cli/dispatch.ts';
import { openContext } from '../../apps/cli/open-context.ts';
import { fileInput } from '../../apps/cli/streams.ts';

type Context = ReturnType<typeof openContext>;

interface Place {
  /** Under which the client is called. */
  programName: string;
  /** Address of the engine. */
  host: string;
  /** Home and configuration. */
  folder: string;
  env?: Record<string, string> | undefined;
  /** Descriptor that is its standard input. */
  stdin: number;
  /** May change what the commands are given. */
  adapt?: (context: Context) => Context;
}

/** Our own client in this process, without a terminal: what it said and its exit code. */
export async function clientHere(
  words: readonly string[],
  { programName, host, folder, env: more, stdin, adapt = (context) => context }: Place,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const texts = { stdout: '', stderr: '' };
  const output = (name: 'stdout' | 'stderr') => {
    const decoder = new TextDecoder();
    return {
      write(data: string | Uint8Array) {
        texts[name] += typeof data === 'string' ? data : decoder.decode(data, { stream: true });
      },
      drain: async () => undefined,
      pending: 0,
      isTerminal: false,
      colors: false,
      size: () => undefined,
    };
  };
  const [out, err] = [output('stdout'), output('stderr')];
  const env = { PATH: process.env.PATH ?? '', HOME: folder, DOCKER_CONFIG: folder, DOCKER_HOST: host, ...more };
  const code = await dispatch(words, {
    programName,
    configDir: env.DOCKER_CONFIG,
    columns: () => 80,
    out: (text) => out.write(text),
    err: (text) => err.write(text),
    openContext: (global) => adapt(openContext(global, { programName, env, out, err, in: fileInput(stdin, false) })),
  });
  return { code, ...texts };
}
