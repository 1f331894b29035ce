import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { closeSync, mkdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { openConsoleSocket } from '../../linux/console-socket.ts';
import { makePipe, readPipe, writePipe } from '../../linux/descriptor.ts';
import { identifyProcess } from '../../linux/process.ts';
import { openPty } from '../../linux/pty.ts';
import { openTerminal, type Terminal } from '../../linux/terminal.ts';
import type { OciRuntime } from '../runtime/oci-runtime.ts';
import type { RuntimeProcess } from '../spec/runtime-spec.ts';

export interface ExecRequest {
  runtime: OciRuntime;
  containerId: string;
  execId: string;
  /** Directory for short-lived files, on a short path. */
  directory: string;
  process: RuntimeProcess;
  stdin: boolean;
  /** Throw output away: nobody will read it. */
  detached: boolean;
}

export interface ExecProcess {
  /** A terminal's output, or undefined. */
  terminal: Terminal | undefined;
  stdin: Writable | undefined;
  stdout: Readable | undefined;
  stderr: Readable | undefined;
  /** Process id on the host; 0 until known. */
  pid(): number;
  /** Whether what comes on stderr is the program's: false when the runtime gave up and these are its own words. */
  byProgram(): Promise<boolean>;
  /** Resolves when the program itself runs, or the runtime gave up. */
  started: Promise<void>;
  exited: Promise<ExecExit>;
}

/** `failure` holds the runtime's words when the program was never run. */
export interface ExecExit {
  exitCode: number;
  failure: string | undefined;
}

/** Runs a process in a running container by the OCI runtime's `exec`, in the foreground, so that its status is ours. */
export async function startExec(request: ExecRequest): Promise<ExecProcess> {
  const files = new ExecFiles(request);
  try {
    return request.process.terminal && !request.detached
      ? await withTerminal(request, files)
      : withPipes(request, files);
  } catch (error) {
    files.remove();
    throw error;
  }
}

function withPipes(request: ExecRequest, files: ExecFiles): ExecProcess {
  const none = request.detached;
  const stdin = request.stdin && !none ? makePipe() : undefined;
  const stdout = none ? undefined : makePipe();
  const stderr = none ? undefined : makePipe();
  const child = run(
    request,
    files,
    [],
    [stdin?.read ?? 'ignore', stdout?.write ?? 'ignore', stderr?.write ?? 'ignore'],
  );
  for (const fd of [stdin?.read, stdout?.write, stderr?.write]) if (fd !== undefined) closeSync(fd);
  return {
    ...watch(child, files, request),
    terminal: undefined,
    stdin: stdin && writePipe(stdin.write),
    stdout: stdout && readPipe(stdout.read),
    stderr: stderr && readPipe(stderr.read),
  };
}

/**
 * crun hands the terminal over by a console socket and stays in the foreground. runc does so only when detached, so it
 * gets a terminal of ours as its own, which it copies to the program's.
 */
async function withTerminal(request: ExecRequest, files: ExecFiles): Promise<ExecProcess> {
  if (request.runtime.fifo === 'runc') {
    const { master, slave } = openPty();
    const outer = openTerminal(master);
    const size = request.process.consoleSize;
    if (size) outer.resize(size.height, size.width);
    const child = run(request, files, ['--tty'], [slave, slave, slave]);
    closeSync(slave);
    const terminal: Terminal = {
      ...outer,
      resize(rows, columns) {
        outer.resize(rows, columns);
        child.kill('SIGWINCH'); // the outer terminal is not its controlling one, so the kernel does not tell it
      },
    };
    return { ...watch(child, files, request), terminal, stdin: undefined, stdout: undefined, stderr: undefined };
  }
  const console = await openConsoleSocket(files.console);
  try {
    const child = run(request, files, ['--tty', '--console-socket', files.console], ['ignore', 'ignore', 'ignore']);
    const watched = watch(child, files, request);
    const master = await Promise.race([console.master, watched.exited.then(() => undefined)]);
    const terminal = master === undefined ? undefined : openTerminal(master);
    const size = request.process.consoleSize;
    if (size) terminal?.resize(size.height, size.width);
    return { ...watched, terminal, stdin: undefined, stdout: undefined, stderr: undefined };
  } finally {
    console.close();
  }
}

function run(
  { runtime, containerId, process: wanted }: ExecRequest,
  files: ExecFiles,
  more: string[],
  stdio: StdioOptions,
): ChildProcess {
  writeFileSync(files.process, JSON.stringify(wanted), { mode: 0o600 });
  const args = [
    '--root',
    runtime.stateRoot,
    '--log',
    files.log,
    '--log-format',
    'json',
    'exec',
    '--process',
    files.process,
    '--pid-file',
    files.pid,
  ];
  // A session of its own: signals for the engine's terminal are not for it.
  return spawn(runtime.path, [...args, ...more, containerId], {
    stdio,
    detached: true,
    env: { PATH: process.env['PATH'] ?? '', XDG_RUNTIME_DIR: '' },
  });
}

function watch(
  child: ChildProcess,
  files: ExecFiles,
  request: ExecRequest,
): Pick<ExecProcess, 'pid' | 'started' | 'exited' | 'byProgram'> {
  let known = 0;
  const pid = () => (known ||= files.readPid());
  const exited = new Promise<ExecExit>((resolve) => {
    child.once('error', (error) => resolve({ exitCode: 126, failure: error.message }));
    child.once('exit', (code, signal) => {
      pid();
      const failure = code === 0 ? undefined : files.readFailure();
      files.remove();
      resolve({ exitCode: code ?? (signal === 'SIGKILL' ? 137 : 255), failure });
    });
  });
  let over = false;
  void exited.then(() => {
    over = true;
  });
  const byProgram = async () => {
    if (pid() > 0 && identifyProcess(pid()) && !isRuntime(pid(), request.runtime)) return true;
    return (await exited).failure === undefined; // whoever wrote has ended, so this is known at once
  };
  return { pid, exited, byProgram, started: request.detached ? untilStarted() : Promise.resolve() };

  /** The runtime's own program has made way for the wanted one. */
  async function untilStarted(): Promise<void> {
    for (let waited = 0; !over && waited < 10_000; waited++) {
      if (pid() > 0 && !isRuntime(pid(), request.runtime)) return;
      await delay(1);
    }
  }
}

function isRuntime(pid: number, { name }: OciRuntime): boolean {
  try {
    return new RegExp(`(^|[/:])${name}\\b|memfd:`).test(readlinkSync(`/proc/${pid}/exe`));
  } catch {
    return false; // ended already
  }
}

/** The files of one exec, removed when it has ended. */
class ExecFiles {
  readonly #directory: string;
  readonly process: string;
  readonly log: string;
  readonly pid: string;
  readonly console: string;

  constructor({ directory, execId }: ExecRequest) {
    this.#directory = join(directory, execId.slice(0, 16));
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    this.process = join(this.#directory, 'process.json');
    this.log = join(this.#directory, 'log');
    this.pid = join(this.#directory, 'pid');
    this.console = join(this.#directory, 'tty');
  }

  readPid(): number {
    try {
      return Number(readFileSync(this.pid, 'utf8')) || 0;
    } catch {
      return 0; // not written yet
    }
  }

  /** The last error that the runtime logged. */
  readFailure(): string | undefined {
    try {
      const lines = readFileSync(this.log, 'utf8').trim().split('\n').filter(Boolean);
      const errors = lines
        .map((line): { level?: string; msg?: string } => JSON.parse(line))
        .filter((entry) => entry.level !== 'warning');
      return errors.at(-1)?.msg;
    } catch {
      return undefined; // nothing was logged
    }
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
