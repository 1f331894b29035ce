import { BerthError, describeError, errnoOf, isBerthError } from '@berth/kit';

/**
 * Turns the runtime's refusal into Docker's sentence and the exit code that clients show: 127 when the program is not
 * there, 126 when it cannot be run, 128 for all else. Errors of the engine's own are passed on.
 */
export function startFailure(error: unknown, program: string): { error: BerthError; exitCode: number } {
  if (errnoOf(error) === 'EWOULDBLOCK') {
    return {
      error: new BerthError('unavailable', `files on this host are renamed all the time: ${describeError(error)}`, {
        cause: error,
        hint: 'Start the container again.',
      }),
      exitCode: 128,
    };
  }
  if (!(error instanceof BerthError)) {
    const message = error instanceof Error ? error.message : String(error);
    return {
      error: new BerthError('internal', `failed to start the container: ${message}`, { cause: error }),
      exitCode: 128,
    };
  }
  if (!isRefusal(error)) return { error, exitCode: 128 };
  const cause = describeCreateFailure(error.message, program);
  if (!cause) return { error: new BerthError('invalid', PREFIX + error.message, { cause: error }), exitCode: 128 };
  return {
    error: new BerthError('invalid', `${PREFIX}${cause.sentence}: unknown`, { cause: error }),
    exitCode: cause.exitCode,
  };
}

/** An error with the words of the OCI runtime, which would not make the container. */
export function refusal(message: string, cause?: unknown): BerthError {
  return new BerthError('invalid', message, { cause, details: { refusedBy: 'runtime' } });
}

function isRefusal(error: BerthError): boolean {
  return isBerthError(error, 'invalid') && error.details?.['refusedBy'] === 'runtime';
}

const PREFIX = 'failed to create task for container: failed to create shim task: OCI runtime create failed: ';

/** What crun and runc say of a program that cannot be run, in Docker's words; undefined for other failures. */
export function describeCreateFailure(
  message: string,
  program: string,
): { sentence: string; exitCode: number } | undefined {
  const say = (reason: string, exitCode: number) => ({
    sentence: `unable to start container process: error during container init: exec: "${program}": ${reason}`,
    exitCode,
  });
  // crun says the same of a name that it searched for and of a path
  if (/executable file .+ not found|executable file not found/.test(message))
    return program.includes('/')
      ? say(`stat ${program}: no such file or directory`, 127)
      : say('executable file not found in $PATH', 127);
  if (/exec: .+: stat .*no such file or directory/.test(message))
    return say(`stat ${program}: no such file or directory`, 127);
  // crun says "Operation not permitted" of a directory, runc and crun "permission denied" of a file without x
  if (/is a directory|open executable: Operation not permitted/i.test(message))
    return say('is a directory: permission denied', 126);
  if (/open executable: Permission denied|exec: .+: permission denied|not executable/i.test(message))
    return say('permission denied', 126);
  return undefined;
}
