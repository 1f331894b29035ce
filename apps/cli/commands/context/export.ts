import { writeFileSync } from 'node:fs';
import { errnoOf } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import { packContext } from '../../contexts/archive.ts';
import { contextWithFiles } from '../../contexts/lookup.ts';
import { checkContextName, DEFAULT_CONTEXT } from '../../contexts/store.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTEXT [FILE|-]',
  flags: [],
  args: { min: 1, max: 2 },
  async run(context, { args }) {
    const [name = '', target = `${name}.dockercontext`] = args;
    if (name !== DEFAULT_CONTEXT) checkContextName(name);
    const archive = packContext(contextWithFiles(context, name));
    if (target === '-') {
      if (context.out.isTerminal) throw new CliError('cowardly refusing to export to a terminal, specify a file path');
      context.out.write(archive);
      return 0;
    }
    try {
      // It may hold a private key, and never takes the place of something.
      writeFileSync(target, archive, { flag: 'wx', mode: 0o600 });
    } catch (error) {
      const why = errnoOf(error) === 'EEXIST' ? 'file exists' : error instanceof Error ? error.message : String(error);
      throw new CliError(`open ${target}: ${why}`);
    }
    context.err.write(`Written file ${JSON.stringify(target)}\n`);
    return 0;
  },
};
