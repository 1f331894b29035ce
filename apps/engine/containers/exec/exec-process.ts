import { closeSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { openConsoleSocket } from '../../linux/console-socket.ts';
import { openPty } from '../../linux/pty.ts';
import { SIGNALS } from '../../linux/spawn.ts';
import { openTerminal, type Terminal } from '../../linux/terminal.ts';
import type { RuntimeProcess } from '../spec/runtime-spec.ts';
import { Launch, type LaunchRequest, launchPiped, type PipedLaunch } from './launch.ts';

export type { ExecExit } from './launch.ts';

export interface ExecRequest extends LaunchRequest {
  process: RuntimeProcess;
  stdin: boolean;
  /** Nobody will read the output: without a terminal it goes to /dev/null. */
  detached: boolean;
  /** A runtime that was started ahead for this container. */
  ready: PipedLaunch | undefined;
}

export interface ExecProcess extends Pick<Launch, 'exited' | 'pid' | 'byProgram' | 'started'> {
  /** A terminal's output, or undefined. */
  terminal: Terminal | undefined;
  stdin: Writable | undefined;
  stdout: Readable | undefined;
  stderr: Readable | undefined;
}

/** Runs a process in a running container by the OCI runtime's `exec`, in the foreground, so that its status is ours. */
export async function startExec(request: ExecRequest): Promise<ExecProcess> {
  if (request.process.terminal) return withTerminal(request);
  return request.detached ? startDetached(request) : withPipes(request);
}

function startDetached(request: ExecRequest): ExecProcess {
  const launch = new Launch(request, ['null', 'null', 'null']);
  launch.describe(request.process);
  return asProcess(launch, {});
}

function withPipes(request: ExecRequest): ExecProcess {
  const { launch, stdin, stdout, stderr } = request.ready ?? launchPiped(request);
  launch.describe(request.process);
  if (!request.stdin) stdin.end();
  return asProcess(launch, { stdin: request.stdin ? stdin : undefined, stdout, stderr });
}

/**
 * crun hands the terminal over by a console socket and stays in the foreground. runc does so only when detached, so it
 * gets a terminal of ours as its own, which it copies to the program's. It tells the program's terminal only when that runs
 * already to leave the ends of lines to ours: what is written before ends in two carriage returns.
 */
async function withTerminal(request: ExecRequest): Promise<ExecProcess> {
  return request.runtime.fifo === 'runc' ? withOuterTerminal(request) : withConsoleSocket(request);
}

function withOuterTerminal(request: ExecRequest): ExecProcess {
  const { master, slave } = openPty();
  const outer = openTerminal(master);
  const size = request.process.consoleSize;
  if (size) outer.resize(size.height, size.width);
  const launch = new Launch(request, [slave, slave, slave], () => ['--tty']);
  closeSync(slave);
  launch.describe(request.process);
  const terminal: Terminal = {
    ...outer,
    resize(rows, columns) {
      outer.resize(rows, columns);
      launch.kill(SIGNALS.SIGWINCH); // the outer terminal is not its controlling one, so the kernel does not tell it
    },
  };
  return asProcess(launch, { terminal });
}

async function withConsoleSocket(request: ExecRequest): Promise<ExecProcess> {
  const launch = new Launch(request, ['null', 'null', 'null'], ({ console }) => ['--tty', '--console-socket', console]);
  const console = await openConsoleSocket(launch.files.console).catch((error) => {
    launch.abandon();
    throw error;
  });
  try {
    launch.describe(request.process);
    const master = await sentTerminal(console.master, launch);
    const terminal = master === undefined ? undefined : openTerminal(master);
    const size = request.process.consoleSize;
    if (size) terminal?.resize(size.height, size.width);
    return asProcess(launch, { terminal });
  } finally {
    console.close();
  }
}

/** How long a terminal may be on its way when the program that it was for has ended already. */
const LATE_MS = 2000;

/** The master descriptor; undefined when the runtime gave up before it sent one. */
async function sentTerminal(master: Promise<number>, launch: Launch): Promise<number | undefined> {
  const first = await Promise.race([master, launch.exited]);
  if (typeof first === 'number') return first;
  // A program that ran had its terminal sent before: it, and all that was written to it, waits to be fetched.
  return first.failure === undefined
    ? Promise.race([master.catch(() => undefined), delay(LATE_MS, undefined, { ref: false })])
    : undefined;
}

function asProcess(
  launch: Launch,
  streams: Partial<Pick<ExecProcess, 'terminal' | 'stdin' | 'stdout' | 'stderr'>>,
): ExecProcess {
  return {
    exited: launch.exited,
    pid: () => launch.pid(),
    byProgram: () => launch.byProgram(),
    started: () => launch.started(),
    terminal: streams.terminal,
    stdin: streams.stdin,
    stdout: streams.stdout,
    stderr: streams.stderr,
  };
}
