import { BerthError } from '@berth/kit';
import type { ExecBody } from '../service.ts';
import { command, flag, integer, list, optional, struct, text } from './parse-create-decode.ts';
import { parseDetachKeys } from './parse-exec-keys.ts';

/** A process to be run in a container, as asked for. */
export interface ExecWish {
  cmd: string[];
  /** `NAME=value`, or `NAME` to unset; laid over the container's environment. */
  env: string[];
  /** '' means the container's user. */
  user: string;
  /** Absolute path in the container; '' means the container's own. */
  workdir: string;
  tty: boolean;
  privileged: boolean;
  attachStdin: boolean;
  attachStdout: boolean;
  attachStderr: boolean;
  /** As written; '' means the default (ctrl-p,ctrl-q). */
  detachKeys: string;
  /** Height and width in characters. */
  consoleSize: [number, number] | undefined;
}

/** Errors: invalid (`No exec command specified`, `json: cannot unmarshal …`, `invalid environment variable: x`). */
export function parseExec(body: ExecBody): ExecWish {
  const wish = execBody(body, 'ExecCreateRequest');
  if (!wish.Cmd || wish.Cmd.length === 0) throw new BerthError('invalid', 'No exec command specified');
  for (const variable of wish.Env) {
    if (variable === '' || variable.startsWith('=') || variable.includes('\0')) {
      throw new BerthError('invalid', `invalid environment variable: ${variable}`);
    }
  }
  if ([...wish.Cmd, wish.WorkingDir].some((word) => word.includes('\0'))) {
    throw new BerthError('invalid', 'the command and the working directory must not contain a null byte');
  }
  if (wish.WorkingDir !== '' && !wish.WorkingDir.startsWith('/')) {
    throw new BerthError(
      'invalid',
      `the working directory '${wish.WorkingDir}' is invalid, it needs to be an absolute path`,
    );
  }
  if (wish.DetachKeys) parseDetachKeys(wish.DetachKeys);
  const [height = 0, width = 0] = wish.ConsoleSize ?? [];
  return {
    cmd: wish.Cmd,
    env: wish.Env,
    user: wish.User,
    workdir: wish.WorkingDir,
    tty: wish.Tty,
    privileged: wish.Privileged,
    attachStdin: wish.AttachStdin,
    attachStdout: wish.AttachStdout,
    attachStderr: wish.AttachStderr,
    detachKeys: wish.DetachKeys,
    consoleSize: wish.ConsoleSize ? [height, width] : undefined,
  };
}

const execBody = struct({
  User: text,
  Privileged: flag,
  Tty: flag,
  AttachStdin: flag,
  AttachStdout: flag,
  AttachStderr: flag,
  DetachKeys: text,
  Env: list(text),
  WorkingDir: text,
  Cmd: command,
  ConsoleSize: optional(list(integer)),
});
