import { execFileSync } from 'node:child_process';

/** Berth's client shows what Docker's client of this major version shows; older ones show other things. */
export const COMPARED_VERSION = 28;

/** Major version of the docker client on the PATH; 0 where there is none. Debian 12 has 20. */
export function dockerMajor(): number {
  try {
    return Number(/version (\d+)\./.exec(execFileSync('docker', ['--version'], { encoding: 'utf8' }))?.[1] ?? 0);
  } catch {
    return 0; // not installed
  }
}
