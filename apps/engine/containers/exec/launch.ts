import { randomBytes } from 'node:crypto';
import { closeSync, mkdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { makePipe, readPipe, writePipe } from '../../linux/descriptor.ts';
import { identifyProcess } from '../../linux/process.ts';
import { type SpawnedProcess, spawnProcess } from '../../linux/spawn.ts';
import type { OciRuntime } from '../runtime/oci-runtime.ts';
import type { RuntimeProcess } from '../spec/runtime-spec.ts';

export interface LaunchRequest {
  runtime: OciRuntime;
  containerId: string;
  /** Directory for short-lived files, on a short path. */
  directory: string;
}

/** `failure` holds the runtime's words when the program was never run. */
export interface ExecExit {
  exitCode: number;
  failure: string | undefined;
}

/** Descriptor of the child on which it reads what to run. */
const DESCRIPTION_FD = 3;

/**
 * The OCI runtime's `exec`, started and waiting to be told what to run: it reads the process description from a pipe.
 * So it can be started before that is known, and goes away by itself when this engine does.
 */
export class Launch {
  readonly files: ExecFiles;
  readonly exited: Promise<ExecExit>;
  readonly #runtime: OciRuntime;
  readonly #child: SpawnedProcess;
  #ended = false;
  readonly #description: Socket;
  #pid = 0;

  /** `stdio`: the child's first three; `more`: further options of the runtime. */
  constructor(
    request: LaunchRequest,
    stdio: [StdioEntry, StdioEntry, StdioEntry],
    more: (files: ExecFiles) => string[] = () => [],
  ) {
    const { runtime, containerId } = request;
    this.#runtime = runtime;
    this.files = new ExecFiles(request.directory);
    const description = makePipe();
    try {
      const options = [...runtime.args, '--root', runtime.stateRoot, '--log', this.files.log, '--log-format', 'json'];
      const exec = [
        'exec',
        '--process',
        `/proc/self/fd/${DESCRIPTION_FD}`,
        '--pid-file',
        this.files.pid,
        ...more(this.files),
      ];
      this.#child = spawnProcess(runtime.program, [...options, ...exec, containerId], {
        descriptors: [...stdio, description.read],
        newSession: true,
        env: { PATH: process.env['PATH'] ?? '', XDG_RUNTIME_DIR: '' },
      });
    } catch (error) {
      closeSync(description.write);
      this.files.remove();
      throw error;
    } finally {
      closeSync(description.read);
    }
    this.#description = writePipe(description.write);
    this.#description.on('error', () => this.#description.destroy()); // EPIPE: it gave up before it was told
    this.exited = this.#watch();
  }

  /** False when the runtime gave up already. */
  get alive(): boolean {
    return !this.#ended;
  }

  /** Says what to run, once. */
  describe(wanted: RuntimeProcess): void {
    this.#description.end(JSON.stringify(wanted));
  }

  /** Lets it go without anything to run. */
  abandon(): void {
    this.#description.destroy();
  }

  /** By number. */
  kill(signal: number): void {
    this.#child.kill(signal);
  }

  /** The program's process id on the host; 0 until known. */
  pid(): number {
    this.#pid ||= this.files.readPid();
    return this.#pid;
  }

  /** Whether what comes on stderr is the program's: false when the runtime gave up and these are its own words. */
  async byProgram(): Promise<boolean> {
    if (this.#programRuns()) return true;
    return (await this.exited).failure === undefined; // whoever wrote has ended, so this is known at once
  }

  /** Resolves when the program itself runs, or the runtime gave up. */
  async started(): Promise<void> {
    for (let waited = 0; this.alive && waited < 10_000; waited++) {
      if (this.#programRuns()) return;
      await delay(1);
    }
  }

  #programRuns(): boolean {
    return this.pid() > 0 && identifyProcess(this.pid()) !== undefined && !isRuntime(this.pid(), this.#runtime);
  }

  async #watch(): Promise<ExecExit> {
    const { code, signal } = await this.#child.exited;
    this.#ended = true;
    this.pid();
    const failure = code === 0 ? undefined : this.files.readFailure();
    this.#description.destroy();
    this.files.remove();
    return { exitCode: code ?? 128 + signal!, failure };
  }
}

export type StdioEntry = number | 'null';

/** A launch whose three streams are pipes. */
export interface PipedLaunch {
  launch: Launch;
  stdin: Socket;
  stdout: Socket;
  stderr: Socket;
}

export function launchPiped(request: LaunchRequest): PipedLaunch {
  const [stdin, stdout, stderr] = [makePipe(), makePipe(), makePipe()];
  const theirs = [stdin.read, stdout.write, stderr.write];
  try {
    const launch = new Launch(request, [stdin.read, stdout.write, stderr.write]);
    return { launch, stdin: writePipe(stdin.write), stdout: readPipe(stdout.read), stderr: readPipe(stderr.read) };
  } catch (error) {
    for (const fd of [stdin.write, stdout.read, stderr.read]) closeSync(fd);
    throw error;
  } finally {
    for (const fd of theirs) closeSync(fd);
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
export class ExecFiles {
  readonly #directory: string;
  readonly log: string;
  readonly pid: string;
  readonly console: string;

  constructor(directory: string) {
    this.#directory = join(directory, randomBytes(6).toString('hex'));
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
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
      const entries = lines.map((line): { level?: string; msg?: string } => JSON.parse(line));
      return entries.filter((entry) => entry.level !== 'warning').at(-1)?.msg;
    } catch {
      return undefined; // nothing was logged
    }
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
