import { existsSync } from 'node:fs';
import { CliError } from '../cli-error.ts';

/** Enough for requests that are being answered to end. */
const STOP_LIMIT_MS = 30_000;
const RETRY_MS = 10;

/** Asks the engine to end and waits until it has. Throws when it may not be asked or does not end. */
export async function stopEngine(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGTERM');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ESRCH') return;
    if (code === 'EPERM') throw new CliError(`may not stop the engine (pid ${pid}): run this as root`);
    throw error;
  }
  const deadline = Date.now() + STOP_LIMIT_MS;
  while (existsSync(`/proc/${pid}/exe`)) {
    if (Date.now() > deadline)
      throw new CliError(`the engine (pid ${pid}) did not end within ${STOP_LIMIT_MS / 1000} seconds`);
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}
