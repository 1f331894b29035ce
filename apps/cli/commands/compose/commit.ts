import { command as commit } from '../container/commit.ts';
import type { ComposeCommand } from './compose.ts';
import { delegate } from './delegate.ts';
import { FLAGS } from './flags/commit.ts';
import { oneContainer } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] SERVICE [REPOSITORY[:TAG]]',
  flags: FLAGS,
  args: { min: 1, max: 2 },
  async run(compose, { flags, args: [service = '', reference], invoked }) {
    const { id } = await oneContainer(compose, service, flags.number('index'), false);
    if (compose.dryRun) return 0;
    const text = (name: string) => (flags.string(name) ? [`--${name}=${flags.string(name)}`] : []);
    const changes = flags.list('change').map((change) => `--change=${change}`);
    const words = [...text('author'), ...text('message'), ...changes, `--pause=${flags.bool('pause')}`, id];
    return delegate(compose.context, commit, reference === undefined ? words : [...words, reference], invoked);
  },
};
