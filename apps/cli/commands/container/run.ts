import {
  attachContainer,
  type CreateContainerBody,
  resizeContainer,
  startContainer,
  waitContainer,
} from '@berth/client';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { atLeastArgs, type Command } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';
import { checkTerminal } from '../../session/check-terminal.ts';
import { parseDetachKeys } from '../../session/detach-keys.ts';
import { followTerminalSize } from '../../session/resize.ts';
import { openSession } from '../../session/session.ts';
import { proxySignals } from '../../session/signals.ts';
import { bodyFromFlags, createFromFlags, withHelp } from './create-container.ts';
import { DETACH_KEYS } from './detach-keys-flag.ts';
import { CREATE_FLAGS } from './options/flags.ts';
import { startExitCode } from './start-exit-code.ts';

export const command: Command = {
  usage: '[OPTIONS] IMAGE [COMMAND] [ARG...]',
  flags: [
    ...CREATE_FLAGS,
    { long: 'detach', short: 'd', type: 'bool', help: 'Run container in background and print container ID' },
    DETACH_KEYS,
    {
      long: 'pull',
      type: 'string',
      default: 'missing',
      help: 'Pull image before running ("always", "missing", "never")',
    },
    { long: 'sig-proxy', type: 'bool', default: 'true', help: 'Proxy received signals to the process' },
  ],
  args: atLeastArgs(1),
  interspersed: false,
  async run(context, { flags, args }) {
    const detached = flags.bool('detach');
    const body = prepare(context, flags, args);
    if (detached && flags.list('attach').length)
      throw new CliError('conflicting options: cannot specify both --attach and --detach');
    if (!detached) checkTerminal(context, body.AttachStdin === true, body.Tty === true);
    const id = await createFromFlags(context, flags, body).catch((error: unknown) => {
      throw withHelp(error, context, 'run');
    });
    if (detached) return runDetached(context, id);
    return runAttached(context, id, body, flags);
  },
};

function prepare(context: Context, flags: FlagValues, args: readonly string[]): CreateContainerBody {
  const body = bodyFromFlags(context, flags, args, 'run');
  const size = context.out.size();
  if (size) body.HostConfig = { ...body.HostConfig, ConsoleSize: [size.rows, size.columns] };
  if (flags.bool('detach')) Object.assign(body, DETACHED);
  return body;
}

/** Exit code for everything that is not the process's own. */
const FAILED = 125;

const DETACHED = { AttachStdin: false, AttachStdout: false, AttachStderr: false, StdinOnce: false };

async function runDetached(context: Context, id: string): Promise<number> {
  await start(context, id);
  context.out.write(`${id}\n`);
  return 0;
}

async function start(context: Context, id: string): Promise<void> {
  try {
    await startContainer(context.client, id);
  } catch (error) {
    const message = describeError(error);
    throw withHelp(error, context, 'run', startExitCode(message, FAILED));
  }
}

/** Docker's order: attach, wait, start; so neither the first byte nor the exit can be missed. */
async function runAttached(
  context: Context,
  id: string,
  body: CreateContainerBody,
  flags: FlagValues,
): Promise<number> {
  const { client } = context;
  const { Tty: tty = false, AttachStdin: stdin = false, AttachStdout: out = false, AttachStderr: err = false } = body;
  const detachKeys = flags.string('detach-keys') || context.config.detachKeys || '';
  parseDetachKeys(detachKeys);
  const undo: (() => void)[] = [];
  try {
    if (flags.bool('sig-proxy') && !tty) undo.push(proxySignals(context, id));
    const condition = flags.bool('rm') ? 'removed' : 'next-exit';
    const [stream, { exited }] = await Promise.all([
      attachContainer(client, id, { stream: true, stdin, stdout: out, stderr: err, logs: false, detachKeys }),
      waitContainer(client, id, condition),
    ]);
    undo.push(stream.destroy);
    const session = await openSession(context, { stream, tty, stdin, output: out || err, detachKeys });
    undo.push(session.close);
    await start(context, id);
    if (tty && context.out.isTerminal)
      undo.push(followTerminalSize(context, (rows, columns) => resizeContainer(client, id, rows, columns)));
    // Without output to wait for, the exit alone ends the run.
    const end = await (out || err ? session.end : Promise.race([session.end, exited.then((): 'ended' => 'ended')]));
    if (end === 'detached') return 0;
    const result = await exited.catch((error: unknown) => {
      throw new CliError(
        `error waiting for container: ${describeError(error)}\n` +
          `The container goes on by itself; when the engine is back, '${context.programName} attach ${id.slice(0, 12)}' returns to it.`,
        FAILED,
      );
    });
    if (result.Error?.Message) throw new CliError(`error waiting for container: ${result.Error.Message}`, FAILED);
    return result.StatusCode;
  } finally {
    for (const step of undo.reverse()) step();
  }
}
