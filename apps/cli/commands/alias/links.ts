import { lstatSync, realpathSync } from 'node:fs';
import { CliError } from '../../cli-error.ts';
import type { FlagSpec } from '../../command.ts';
import type { Context } from '../../context.ts';

/** Names that this program also answers to. */
export const ALIASES = ['docker', 'docker-compose'] as const;

/** Added to the name of a file that `--force` moved out of the way. */
export const KEPT_SUFFIX = '.before-berth';

export const DIR: FlagSpec = {
  long: 'dir',
  type: 'string',
  help: 'Folder of the links (default: /usr/local/bin, without root ~/.local/bin)',
};

export function linkFolder(context: Context, flag: string): string {
  if (flag) return flag.replace(/(?<=.)\/+$/, '');
  return process.getuid?.() === 0 ? '/usr/local/bin' : `${context.env.HOME ?? ''}/.local/bin`;
}

/** Path of this program. Throws when it runs from sources, where there is nothing to link to. */
export function ownProgram(): string {
  if (!/\/berth$/.test(process.execPath))
    throw new CliError('links need the built program: run `npm run build`, then dist/bin/berth alias install');
  return process.execPath;
}

/** What stands at `path`: nothing, a link to `program`, or something else. */
export function standing(path: string, program: string): 'nothing' | 'ours' | 'foreign' {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (!stat) return 'nothing';
  if (!stat.isSymbolicLink()) return 'foreign';
  try {
    return realpathSync(path) === realpathSync(program) ? 'ours' : 'foreign';
  } catch {
    return 'foreign'; // a link to what is no more
  }
}
