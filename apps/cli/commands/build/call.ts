import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';

/** `--call` and `--check`: what is told of a Dockerfile without building it. */
export async function callBuild(
  _context: Context,
  { call }: { call: string; spec: string; flags: FlagValues },
): Promise<number> {
  throw new CliError(`--call=${call} is not supported by this version of Berth`);
}
