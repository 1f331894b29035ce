import { BerthError, isBerthError } from '@berth/kit';

/**
 * Turns the runtime's refusal into Docker's sentence and the exit code that clients show: 127 when the program is not
 * there, 126 when it cannot be run, 128 for all else. Other errors are passed on.
 */
export function startFailure(error: unknown): { error: BerthError; exitCode: number } {
  if (!(error instanceof BerthError)) {
    const message = error instanceof Error ? error.message : String(error);
    return { error: new BerthError('internal', `failed to start the container: ${message}`, { cause: error }), exitCode: 128 };
  }
  if (!isBerthError(error, 'invalid')) return { error, exitCode: 128 };
  const cause = describeCreateFailure(error.message);
  if (!cause) return { error: new BerthError('invalid', PREFIX + error.message, { cause: error }), exitCode: error.message.startsWith('unable to find user') ? 126 : 128 };
  return { error: new BerthError('invalid', `${PREFIX}${cause.sentence}: unknown`, { cause: error }), exitCode: cause.exitCode };
}

const PREFIX = 'failed to create task for container: failed to create shim task: OCI runtime create failed: ';

/** What crun and runc say of a program that cannot be run, in Docker's words; undefined for other failures. */
export function describeCreateFailure(message: string): { sentence: string; exitCode: number } | undefined {
  const init = 'unable to start container process: error during container init: ';
  // crun: executable file `x` not found in $PATH: No such file or directory
  const missing = /executable file [`'"]?(.+?)[`'"]? not found(?: in \$PATH)?/.exec(message) ?? /exec: \\?"(.+?)\\?": executable file not found/.exec(message);
  if (missing) return { sentence: `${init}exec: "${missing[1]}": executable file not found in $PATH`, exitCode: 127 };
  const absent = /exec: \\?"(.+?)\\?": stat .*no such file or directory/.exec(message);
  if (absent) return { sentence: `${init}exec: "${absent[1]}": stat ${absent[1]}: no such file or directory`, exitCode: 127 };
  const denied = /open executable: Permission denied|the path [`'"]?(.+?)[`'"]? (?:exists but it is not executable|is not executable)|exec: \\?"(.+?)\\?": (?:permission denied|is a directory)/i.exec(message);
  if (denied) return { sentence: `${init}exec: ${quoted(denied[1] ?? denied[2])}permission denied`, exitCode: 126 };
  return undefined;
}

function quoted(path: string | undefined): string {
  return path === undefined ? '' : `"${path}": `;
}
