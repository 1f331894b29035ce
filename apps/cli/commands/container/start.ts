import { attachContainer, inspectContainer, resizeContainer, startContainer, waitContainer } from '@berth/client';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { atLeastArgs, type Command, type Parsed } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';
import { followTerminalSize } from '../../session/resize.ts';
import { openSession } from '../../session/session.ts';
import { proxySignals } from '../../session/signals.ts';
import { CHECKPOINT_DIR } from '../checkpoint/directory-flag.ts';
import { DETACH_KEYS } from './detach-keys-flag.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: [
    { long: 'attach', short: 'a', type: 'bool', help: 'Attach STDOUT/STDERR and forward signals' },
    { long: 'checkpoint', type: 'string', help: 'Restore from this checkpoint' },
    CHECKPOINT_DIR,
    DETACH_KEYS,
    { long: 'interactive', short: 'i', type: 'bool', help: "Attach container's STDIN" },
  ],
  args: atLeastArgs(1),
  run(context, parsed) {
    const attached = parsed.flags.bool('attach') || parsed.flags.bool('interactive');
    if (attached && parsed.args.length > 1)
      throw new CliError('you cannot start and attach multiple containers at once');
    if (attached) return startAttached(context, parsed);
    if (!parsed.flags.string('checkpoint')) return startAll(context, parsed.args);
    if (parsed.args.length > 1) throw new CliError('you cannot restore multiple containers at once');
    return restore(context, parsed);
  },
};

/** One after the other, in the order given: later ones may need earlier ones. */
async function startAll(context: Context, names: readonly string[]): Promise<number> {
  const failed: string[] = [];
  for (const name of names) {
    try {
      await startContainer(context.client, name);
      context.out.write(`${name}\n`);
    } catch (error) {
      context.err.write(`${describeError(error)}\n`);
      failed.push(name);
    }
  }
  if (failed.length) throw new CliError(`Error: failed to start containers: ${failed.join(', ')}`);
  return 0;
}

async function restore(context: Context, { flags, args: [name = ''] }: Parsed): Promise<number> {
  await startContainer(context.client, name, checkpointOf(flags));
  return 0;
}

function checkpointOf(flags: FlagValues): { checkpoint: string; checkpointDirectory: string } {
  return { checkpoint: flags.string('checkpoint'), checkpointDirectory: flags.string('checkpoint-dir') };
}

async function startAttached(context: Context, { flags, args }: Parsed): Promise<number> {
  const { client } = context;
  const details = await inspectContainer(client, args[0] ?? '');
  const { Tty: tty, OpenStdin, AttachStdout, AttachStderr } = details.Config;
  const stdin = flags.bool('interactive') && OpenStdin;
  const detachKeys = flags.string('detach-keys') || context.config.detachKeys || '';
  const output = flags.bool('attach') || AttachStdout || AttachStderr;
  const stream = await attachContainer(client, details.Id, {
    stream: true,
    stdin,
    stdout: true,
    stderr: true,
    logs: false,
    detachKeys,
  });
  const session = await openSession(context, { stream, tty, stdin, output, detachKeys });
  const undo: (() => void)[] = [session.close];
  try {
    if (!tty) undo.push(proxySignals(context, details.Id));
    const condition = details.HostConfig.AutoRemove ? 'removed' : 'next-exit';
    const { exited } = await waitContainer(client, details.Id, condition);
    await startContainer(client, details.Id, checkpointOf(flags));
    if (tty && context.out.isTerminal)
      undo.push(followTerminalSize(context, (rows, columns) => resizeContainer(client, details.Id, rows, columns)));
    if ((await session.end) === 'detached') return 0;
    return (await exited).StatusCode;
  } finally {
    for (const step of undo.reverse()) step();
  }
}
