import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BerthError, errnoOf } from '@berth/kit';

const run = promisify(execFile);
const OUTPUT_MAX = 16 * 1024 * 1024;

/**
 * Runs a Debian tool to its end and gives its output. Errors: unavailable, naming the package when the tool is not
 * installed, else with the end of what it said.
 */
export async function runTool(
  command: string,
  args: readonly string[],
  { debianPackage, cwd }: { debianPackage: string; cwd?: string },
): Promise<string> {
  try {
    const { stdout } = await run(command, args, { maxBuffer: OUTPUT_MAX, ...(cwd === undefined ? {} : { cwd }) });
    return stdout;
  } catch (error) {
    throw toolError(command, debianPackage, error);
  }
}

/** What a failed tool means to the user. */
export function toolError(command: string, debianPackage: string, cause: unknown): BerthError {
  if (errnoOf(cause) === 'ENOENT') {
    return new BerthError('unavailable', `this starter image needs the program ${command}, which is not installed`, {
      hint: `Install it: apt-get install ${debianPackage}`,
      cause,
    });
  }
  const said = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).trim().slice(-2000) : String(cause);
  return new BerthError('unavailable', `${command} failed: ${said}`, {
    hint: 'Starter images are made from Debian packages: can this machine reach its Debian mirror (apt-get update)?',
    cause,
  });
}
