import { attachContainer, inspectContainer, resizeContainer, waitContainer } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';
import { checkTerminal } from '../../session/check-terminal.ts';
import { followTerminalSize } from '../../session/resize.ts';
import { openSession } from '../../session/session.ts';
import { proxySignals } from '../../session/signals.ts';
import { DETACH_KEYS } from './detach-keys-flag.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER',
  flags: [
    DETACH_KEYS,
    { long: 'no-stdin', type: 'bool', help: 'Do not attach STDIN' },
    { long: 'sig-proxy', type: 'bool', default: 'true', help: 'Proxy all received signals to the process' },
  ],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const { client } = context;
    const details = await inspectContainer(client, args[0] ?? '');
    const { State: state, Config: config, Id: id } = details;
    if (!state.Running) throw new CliError('You cannot attach to a stopped container, start it first');
    if (state.Paused) throw new CliError('You cannot attach to a paused container, unpause it first');
    if (state.Restarting) throw new CliError('You cannot attach to a restarting container, wait until it is running');
    const stdin = !flags.bool('no-stdin') && config.OpenStdin;
    checkTerminal(context, stdin, config.Tty);
    const detachKeys = flags.string('detach-keys') || context.config.detachKeys || '';
    const { exited } = await waitContainer(client, id, 'not-running');
    const stream = await attachContainer(client, id, {
      stream: true,
      stdin,
      stdout: true,
      stderr: true,
      logs: false,
      detachKeys,
    });
    const session = await openSession(context, { stream, tty: config.Tty, stdin, output: true, detachKeys });
    const undo: (() => void)[] = [session.close];
    try {
      if (flags.bool('sig-proxy') && !config.Tty) undo.push(proxySignals(context, id));
      if (config.Tty && context.out.isTerminal)
        undo.push(followTerminalSize(context, (rows, columns) => resizeContainer(client, id, rows, columns)));
      if ((await session.end) === 'detached') throw new CliError('read escape sequence');
      const result = await exited;
      if (result.Error?.Message) throw new CliError(result.Error.Message);
      return result.StatusCode;
    } finally {
      for (const step of undo.reverse()) step();
    }
  },
};
