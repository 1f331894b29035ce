import type { ChildProcess } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from '../cli-error.ts';
import { engineLog, findEngine } from './find-engine.ts';
import { engineCommand } from './locate.ts';
import { answers } from './probe.ts';

/** A first start on a slow disk unpacks nothing but compiles profiles and probes a runtime: seconds, not tens of them. */
const START_LIMIT_MS = 30_000;
const RETRY_MS = 10;
/** How long after our engine's end another client's may still be on its way to be seen. */
const OTHERS_MS = 500;

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
    return await untilAnswers(host, child, { path: logPath, from: before, flags });
  } finally {
    child.unref();
  }
}

interface Start {
  /** Of the log. */
  path: string;
  /** Size of the log before this start. */
  from: number;
  flags: readonly string[];
}

/** Resolves to the process id of the engine that answers: ours, or that of another client that was quicker. */
async function untilAnswers(host: string, child: ChildProcess, start: Start): Promise<number> {
  let ended: { how: string; at: number } | undefined;
  const end = (how: string) => {
    ended ??= { how, at: Date.now() };
  };
  child.once('error', (error) => end(error.message));
  child.once('exit', (code, signal) => end(signal ? `ended by ${signal}` : `ended with exit code ${code}`));
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const over = ended;
    if (await answers(host)) return (over ? findEngine(start.flags)?.pid : child.pid) ?? 0;
    if (over && !findEngine(start.flags) && Date.now() - over.at > OTHERS_MS)
      throw new CliError(`the engine did not start: it ${over.how}\n${logTail(start)}`);
    if (Date.now() > deadline)
      throw new CliError(
        `the engine does not answer at ${host} after ${START_LIMIT_MS / 1000} seconds\n${logTail(start)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** Most that is shown of a log. */
const TAIL = { bytes: 16 * 1024, lines: 20 };

/** The last lines that this start wrote. */
function logTail({ path, from }: Start): string {
  const log = openSync(path, 'r');
  try {
    const size = fstatSync(log).size;
    const bytes = new Uint8Array(Math.max(0, Math.min(TAIL.bytes, size - from)));
    readSync(log, bytes, 0, bytes.length, size - bytes.length);
    const lines = new TextDecoder().decode(bytes).trimEnd().split('\n').slice(-TAIL.lines);
    return `The end of ${path}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  } finally {
    closeSync(log);
  }
}
