import { CliError } from '../../cli-error.ts';
import { atLeastArgs, type Command } from '../../command.ts';
import { hostVariable } from '../../contexts/resolve.ts';
import { checkContextName, DEFAULT_CONTEXT, readContext } from '../../contexts/store.ts';
import { changeConfig } from '../registry/config-writer.ts';

export const command: Command = {
  usage: 'CONTEXT',
  flags: [],
  args: atLeastArgs(0),
  async run(context, { args }) {
    // Here Docker has cobra's own words.
    if (args.length !== 1) throw new CliError(`accepts 1 arg(s), received ${args.length}`);
    const [name = ''] = args;
    const { configDir } = context;
    if (name !== DEFAULT_CONTEXT) {
      checkContextName(name);
      readContext(configDir, name);
    }
    setCurrentContext(configDir, name === DEFAULT_CONTEXT ? undefined : name);
    context.out.write(`${name}\n`);
    context.err.write(`Current context is now "${name}"\n`);
    const variable = hostVariable(context.env);
    if (variable && name !== DEFAULT_CONTEXT)
      context.err.write(
        `Warning: ${variable.name} environment variable overrides the active context. To use "${name}", either set the global --context flag, or unset ${variable.name} environment variable.\n`,
      );
    return 0;
  },
};

/** Writes `currentContext` of config.json; undefined takes it out. */
export function setCurrentContext(configDir: string, name: string | undefined): void {
  changeConfig(configDir, ({ currentContext: _before, ...config }) => ({
    ...config,
    ...(name !== undefined && { currentContext: name }),
  }));
}
