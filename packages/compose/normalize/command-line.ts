import { type EnvLine, readEnvFile } from '../load/dotenv.ts';
import { type Node, plain, scalar } from '../load/node.ts';
import type { Mount, Port } from '../model.ts';
import { ports } from './ports.ts';
import { mounts } from './volumes.ts';

const at = (what: string) => ({ file: what, line: 0, column: 0 });

function listOf(text: string, what: string): Node {
  return { kind: 'list', source: at(what), items: [scalar(at(what), text)] };
}

const FORM = { workingDir: '', resolvePaths: true, home: '' };

/** `[IP:]8080:80[/udp]` of a command line. Throws 'invalid'. */
export function parsePorts(text: string): Port[] {
  return plain(ports(listOf(text, '--publish'), 'publish', FORM)) as Port[] & ReturnType<typeof plain>;
}

/** `SOURCE:TARGET[:OPTIONS]` of a command line; relative sources begin at `cwd`. Throws 'invalid'. */
export function parseVolume(text: string, cwd: string, home: string): Mount {
  const [mount] = plain(
    mounts(listOf(text, '--volume'), 'volume', { workingDir: cwd, resolvePaths: true, home }),
  ) as Mount[] & ReturnType<typeof plain>;
  if (!mount) throw new Error(`no volume: ${text}`);
  return mount;
}

/** Lines of an environment file that a command line names. */
export function readEnvLines(text: string, file: string): EnvLine[] {
  return readEnvFile(text, file, new Map());
}
