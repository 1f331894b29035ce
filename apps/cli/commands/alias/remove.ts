import { existsSync, renameSync, unlinkSync } from 'node:fs';
import { type Command, NO_ARGS } from '../../command.ts';
import { ALIASES, DIR, KEPT_SUFFIX, linkFolder, ownProgram, standing } from './links.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [DIR],
  args: NO_ARGS,
  async run(context, { flags }) {
    const program = ownProgram();
    const folder = linkFolder(context, flags.string('dir'));
    for (const path of ALIASES.map((name) => `${folder}/${name}`)) {
      if (standing(path, program) !== 'ours') continue;
      unlinkSync(path);
      context.out.write(`removed ${path}\n`);
      if (!existsSync(`${path}${KEPT_SUFFIX}`)) continue;
      renameSync(`${path}${KEPT_SUFFIX}`, path);
      context.out.write(`brought back ${path}\n`);
    }
    return 0;
  },
};
