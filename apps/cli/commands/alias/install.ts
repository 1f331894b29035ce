import { mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { CliError } from '../../cli-error.ts';
import { type Command, NO_ARGS } from '../../command.ts';
import { ALIASES, DIR, KEPT_SUFFIX, linkFolder, ownProgram, standing } from './links.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    DIR,
    {
      long: 'force',
      short: 'f',
      type: 'bool',
      help: 'Move a foreign file of that name aside; `alias remove` brings it back',
    },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const program = ownProgram();
    const folder = linkFolder(context, flags.string('dir'));
    const wanted = ALIASES.map((name) => ({
      path: `${folder}/${name}`,
      found: standing(`${folder}/${name}`, program),
    }));
    const foreign = wanted.filter(({ found }) => found === 'foreign');
    if (foreign.length && !flags.bool('force'))
      throw new CliError(
        `${foreign.map(({ path }) => path).join(' and ')} ${foreign.length > 1 ? 'exist' : 'exists'} and is not Berth's; nothing was changed\n` +
          'Choose another folder with --dir, or move it aside with --force.',
      );
    mkdirSync(folder, { recursive: true });
    for (const { path, found } of wanted) {
      if (found === 'foreign') renameSync(path, `${path}${KEPT_SUFFIX}`);
      if (found !== 'ours') symlinkSync(program, path);
      context.out.write(`${path} -> ${program}\n`);
    }
    return 0;
  },
};
