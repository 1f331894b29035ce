import { describeError } from '@berth/kit';
import { type Command, NO_ARGS } from '../../command.ts';
import type { Context } from '../../context.ts';
import { DEFAULT_DESCRIPTION, lookUpContext } from '../../contexts/lookup.ts';
import { hostVariable } from '../../contexts/resolve.ts';
import { compareNames, DEFAULT_CONTEXT, listContexts } from '../../contexts/store.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import { type ContextRow, renderContextList } from '../../render/contexts.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    { long: 'format', type: 'string', help: LIST_FORMAT_HELP },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Only show context names' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const style = { format: flags.string('format'), quiet: flags.bool('quiet') };
    context.out.write(await renderContextList(rows(context), style));
    const variable = hostVariable(context.env);
    if (variable)
      context.err.write(
        `Warning: ${variable.name} environment variable overrides the active context. To use a context, either set the global --context flag, or unset ${variable.name} environment variable.\n`,
      );
    return 0;
  },
};

function rows(context: Context): ContextRow[] {
  const current = context.contextName;
  const stored = listContexts(context.configDir).map(({ Name, Metadata, Endpoints }) => ({
    Name,
    Description: Metadata.Description ?? '',
    DockerEndpoint: Endpoints.docker?.Host ?? '',
    Error: '',
  }));
  const own = { Name: DEFAULT_CONTEXT, Description: DEFAULT_DESCRIPTION, ...defaultHost(context) };
  const all = [...stored, own];
  if (!all.some((row) => row.Name === current)) all.push(missing(context, current));
  return all.map((row) => ({ ...row, Current: row.Name === current })).sort((a, b) => compareNames(a.Name, b.Name));
}

function defaultHost(context: Context): { DockerEndpoint: string; Error: string } {
  try {
    return { DockerEndpoint: lookUpContext(context, DEFAULT_CONTEXT).Endpoints.docker?.Host ?? '', Error: '' };
  } catch (error) {
    return { DockerEndpoint: '', Error: describeError(error) };
  }
}

/** The context in use is not there: it is shown with the reason. */
function missing(context: Context, name: string): Omit<ContextRow, 'Current'> {
  let reason = '';
  try {
    lookUpContext(context, name);
  } catch (error) {
    reason = describeError(error);
  }
  return { Name: name, Description: '', DockerEndpoint: '', Error: reason };
}
