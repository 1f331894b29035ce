import { CliError } from '../../cli-error.ts';
import { command as stats } from '../container/stats.ts';
import type { ComposeCommand } from './compose.ts';
import { delegate } from './delegate.ts';
import { FLAGS } from './flags/stats.ts';
import { selectContainers } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE]',
  flags: FLAGS,
  args: { min: 0, max: 1 },
  async run(compose, { flags, args, invoked }) {
    const { containers } = await selectContainers(compose, args);
    const shown = containers.filter(({ state }) => flags.bool('all') || state === 'running');
    if (shown.length === 0)
      throw new CliError(`no container${flags.bool('all') ? '' : ' that runs'} found for ${args[0] ?? 'the project'}`);
    const words = [
      ...(flags.bool('all') ? ['--all'] : []),
      ...(flags.bool('no-stream') ? ['--no-stream'] : []),
      ...(flags.bool('no-trunc') ? ['--no-trunc'] : []),
      ...(flags.string('format') ? [`--format=${flags.string('format')}`] : []),
    ];
    return delegate(compose.context, stats, [...words, ...shown.map(({ name }) => name)], invoked);
  },
};
