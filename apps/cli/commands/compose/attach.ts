import { command as attach } from '../container/attach.ts';
import type { ComposeCommand } from './compose.ts';
import { delegate } from './delegate.ts';
import { FLAGS } from './flags/attach.ts';
import { oneContainer } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] SERVICE',
  flags: FLAGS,
  args: { min: 1, max: 1 },
  async run(compose, { flags, args: [service = ''], invoked }) {
    const { id } = await oneContainer(compose, service, flags.number('index'));
    if (compose.dryRun) return 0;
    const keys = flags.string('detach-keys');
    const words = [
      ...(keys ? [`--detach-keys=${keys}`] : []),
      ...(flags.bool('no-stdin') ? ['--no-stdin'] : []),
      `--sig-proxy=${flags.bool('sig-proxy')}`,
    ];
    return delegate(compose.context, attach, [...words, id], invoked);
  },
};
