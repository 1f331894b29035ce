import type { ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from '../cli-error.ts';
import { engineLog } from './find-engine.ts';
import { engineCommand } from './locate.ts';
import { answers } from './probe.ts';

/** A first start on a slow disk unpacks nothing but compiles profiles and probes a runtime: seconds, not tens of them. */
const START_LIMIT_MS = 30_000;
const RETRY_MS = 10;

/** Starts the engine detached with `flags` and resolves to its process id once `host` answers. */
export async function startEngine(host: string, flags: readonly string[]): Promise<number> {
  if (process.getuid?.() !== 0)
    throw new CliError(
      `Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?\nThe engine is not running, and starting it needs root: run \`sudo berth daemon start\`.`,
    );
  const command = [...engineCommand(), ...flags];
  const logPath = engineLog(flags);
  // The engine's own folder may be searched by all: sockets in it have permissions of their own.
  mkdirSync(dirname(logPath), { recursive: true, mode: 0o711 });
  const log = openSync(logPath, 'a', 0o640);
  const before = fstatSync(log).size;
  const { spawn } = await import('node:child_process');
  const [program = '', ...args] = command;
  const child = spawn(program, args, { stdio: ['ignore', log, log], detached: true, cwd: '/' });
  closeSync(log);
  try {
    await untilAnswers(host, child, { path: logPath, from: before });
  } finally {
    child.unref();
  }
  return child.pid ?? 0;
}

interface LogPart {
  path: string;
  /** Size before this start. */
  from: number;
}

async function untilAnswers(host: string, child: ChildProcess, log: LogPart): Promise<void> {
  let ended: string | undefined;
  child.once('error', (error) => (ended = error.message));
  child.once('exit', (code, signal) => (ended = signal ? `ended by ${signal}` : `ended with exit code ${code}`));
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const over = ended;
    // Asked after `ended` was read: another client may have started the engine that won.
    if (await answers(host)) return;
    if (over !== undefined) throw new CliError(`the engine did not start: it ${over}\n${logTail(log)}`);
    if (Date.now() > deadline)
      throw new CliError(
        `the engine (pid ${child.pid}) does not answer at ${host} after ${START_LIMIT_MS / 1000} seconds\n${logTail(log)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** The last lines that this start wrote. */
function logTail({ path, from }: LogPart): string {
  const lines = readFileSync(path).subarray(from).toString('utf8').trimEnd().split('\n').slice(-20);
  return `The end of ${path}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
}
