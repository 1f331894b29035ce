import { attachExec, createExec, type ExecBody, inspectExec, resizeExec, startExec } from '@berth/client';
import { isBerthError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { atLeastArgs, type Command, type Parsed } from '../../command.ts';
import type { Context } from '../../context.ts';
import { checkTerminal } from '../../session/check-terminal.ts';
import { followTerminalSize } from '../../session/resize.ts';
import { openSession } from '../../session/session.ts';
import { DETACH_KEYS } from './detach-keys-flag.ts';
import { checkEnv, readEnv } from './options/environment.ts';
import { startExitCode } from './start-exit-code.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER COMMAND [ARG...]',
  flags: [
    { long: 'detach', short: 'd', type: 'bool', help: 'Detached mode: run command in the background' },
    DETACH_KEYS,
    { long: 'env', short: 'e', type: 'list', help: 'Set environment variables', check: checkEnv },
    { long: 'env-file', type: 'list', help: 'Read in a file of environment variables' },
    { long: 'interactive', short: 'i', type: 'bool', help: 'Keep STDIN open even if not attached' },
    { long: 'privileged', type: 'bool', help: 'Give extended privileges to the command' },
    { long: 'tty', short: 't', type: 'bool', help: 'Allocate a pseudo-TTY' },
    { long: 'user', short: 'u', type: 'string', help: 'Username or UID (format: "<name|uid>[:<group|gid>]")' },
    { long: 'workdir', short: 'w', type: 'string', help: 'Working directory inside the container' },
  ],
  args: atLeastArgs(2),
  interspersed: false,
  async run(context, parsed) {
    const [container = ''] = parsed.args;
    const body = execBody(context, parsed);
    if (!body.Detach) checkTerminal(context, body.AttachStdin, body.Tty);
    const { Id: id } = await createExec(context.client, container, body);
    if (!id) throw new CliError('exec ID empty');
    const start = { Tty: body.Tty, ...(body.ConsoleSize && { ConsoleSize: body.ConsoleSize }) };
    try {
      if (!body.Detach) return await runAttached(context, id, body, start);
      await startExec(context.client, id, start);
      return 0;
    } catch (error) {
      if (isBerthError(error, 'invalid') || isBerthError(error, 'internal'))
        throw new CliError(error.message, startExitCode(error.message, 1));
      throw error;
    }
  },
};

function execBody(context: Context, { flags, args }: Parsed): ExecBody {
  const detach = flags.bool('detach');
  const tty = flags.bool('tty');
  const size = tty ? context.out.size() : undefined;
  return {
    User: flags.string('user'),
    Privileged: flags.bool('privileged'),
    Tty: tty,
    AttachStdin: !detach && flags.bool('interactive'),
    AttachStdout: !detach,
    AttachStderr: !detach,
    Detach: detach,
    DetachKeys: flags.string('detach-keys') || context.config.detachKeys || '',
    Env: readEnv(flags.list('env-file'), flags.list('env'), context.env),
    WorkingDir: flags.string('workdir'),
    Cmd: args.slice(1),
    ...(size && { ConsoleSize: [size.rows, size.columns] satisfies [number, number] }),
  };
}

async function runAttached(
  context: Context,
  id: string,
  body: ExecBody,
  start: { Tty: boolean; ConsoleSize?: [number, number] },
): Promise<number> {
  const { client } = context;
  const stream = await attachExec(client, id, start);
  const { Tty: tty, AttachStdin: stdin, DetachKeys: detachKeys } = body;
  const session = await openSession(context, { stream, tty, stdin, output: true, detachKeys });
  const stopResizing =
    tty && context.out.isTerminal
      ? followTerminalSize(context, (rows, columns) => resizeExec(client, id, rows, columns))
      : () => {};
  try {
    if ((await session.end) === 'detached') throw new CliError('read escape sequence');
    return (await inspectExec(client, id)).ExitCode ?? 0;
  } finally {
    stopResizing();
    session.close();
  }
}
