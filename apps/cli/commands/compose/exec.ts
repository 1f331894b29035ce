import { command as exec } from '../container/exec.ts';
import type { ComposeCommand } from './compose.ts';
import { delegate } from './delegate.ts';
import { FLAGS } from './flags/exec.ts';
import { oneContainer } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] SERVICE COMMAND [ARGS...]',
  flags: FLAGS,
  args: { min: 2, max: Number.POSITIVE_INFINITY },
  interspersed: false,
  async run(compose, { flags, args, invoked }) {
    const { context, dryRun } = compose;
    const [service = '', ...words] = args;
    const { id } = await oneContainer(compose, service, flags.number('index'));
    if (dryRun) return 0;
    const isTerminal = context.in.isTerminal && context.out.isTerminal;
    const tty = isTerminal && !flags.bool('no-tty') && flags.bool('tty');
    const values = (name: string, flag = name) => flags.list(name).map((value) => `--${flag}=${value}`);
    return delegate(
      context,
      exec,
      [
        ...(flags.bool('detach') ? ['--detach'] : []),
        ...(flags.bool('interactive') && !flags.bool('detach') ? ['--interactive'] : []),
        ...(tty ? ['--tty'] : []),
        ...(flags.bool('privileged') ? ['--privileged'] : []),
        ...values('env'),
        ...(flags.string('user') ? [`--user=${flags.string('user')}`] : []),
        ...(flags.string('workdir') ? [`--workdir=${flags.string('workdir')}`] : []),
        id,
        ...words,
      ],
      invoked,
    );
  },
};
