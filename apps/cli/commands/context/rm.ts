import { CliError } from '../../cli-error.ts';
import { atLeastArgs, type Command } from '../../command.ts';
import type { Context } from '../../context.ts';
import { contextExists, DEFAULT_CONTEXT, removeContext } from '../../contexts/store.ts';
import { setCurrentContext } from './use.ts';

export const command: Command = {
  usage: 'CONTEXT [CONTEXT...]',
  flags: [{ long: 'force', short: 'f', type: 'bool', help: 'Force the removal of a context in use' }],
  args: atLeastArgs(1),
  async run(context, { flags, args }) {
    const errors: string[] = [];
    for (const name of args) {
      const why = refusal(context, name, flags.bool('force'));
      if (why !== undefined) {
        errors.push(why);
        continue;
      }
      if (name === context.config.currentContext) setCurrentContext(context.configDir, undefined);
      removeContext(context.configDir, name);
      context.out.write(`${name}\n`);
    }
    if (errors.length) throw new CliError(errors.join('\n'));
    return 0;
  },
};

function refusal(context: Context, name: string, force: boolean): string | undefined {
  const quoted = JSON.stringify(name);
  if (name === DEFAULT_CONTEXT) return 'context "default" cannot be removed';
  if (force) return undefined;
  if (!contextExists(context.configDir, name)) return `context ${quoted} does not exist`;
  return name === context.contextName ? `context ${quoted} is in use, set -f flag to force remove` : undefined;
}
