import {
  closeSync,
  existsSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { BerthError, errnoOf } from '@berth/kit';
import { makePipe, readPipe, writePipe } from '../../linux/descriptor.ts';
import { makeFifo, openFifo } from '../../linux/fifo.ts';
import { watchProcess } from '../../linux/pidfd.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../linux/process.ts';
import { type SpawnedProcess, spawnProcess } from '../../linux/spawn.ts';
import { refusal } from '../run/start-failure.ts';
import type { OciRuntime } from './oci-runtime.ts';

/** What a monitor needs to know. Paths below `bundle` are conmon's: `attach`, `ctl`, `pidfile`, `oom`. */
export interface MonitorRequest {
  id: string;
  bundle: string;
  exitDirectory: string;
  runtime: OciRuntime;
  tty: boolean;
  openStdin: boolean;
  /** The program's stdin ends when the first attached client's does. */
  stdinOnce: boolean;
  /** Log file, or undefined for none. */
  logPath: string | undefined;
}

export interface StartedMonitor {
  monitor: ProcessIdentity;
  /** The container's first process, created and waiting for its start. */
  container: ProcessIdentity;
  /** Resolves when the monitor has ended; the exit file then says how the container ended. */
  ended: Promise<void>;
}

/** What the monitor left behind. */
export interface ExitReport {
  exitCode: number;
  /** Milliseconds since the epoch. */
  finishedAt: number;
  oomKilled: boolean;
}

/** conmon and the runtime below it, which wait for what to create; until then they come up beside other work. */
export interface WaitingMonitor {
  /**
   * Says what to create: `config` is the runtime's configuration as JSON text, kept as `config.json` in the bundle. The
   * monitor holds the container's stdio, log and exit status from then on and survives this engine. Errors: invalid with
   * the runtime's words when the container cannot be created; those of `launchMonitor`.
   */
  begin(config: string): Promise<StartedMonitor>;
  /** Ends one that was not told to begin; does nothing for one that was. */
  abandon(): Promise<void>;
}

/**
 * Starts conmon, and by it the runtime. The bundle's directory must be there. Errors: unavailable when conmon is not
 * installed.
 */
export function launchMonitor(request: MonitorRequest): WaitingMonitor {
  return request.runtime.fifo === undefined ? launchLater(request) : launchNow(request);
}

/** Of runtimes that nobody knows it is not said how often and in what way they read their configuration. */
function launchLater(request: MonitorRequest): WaitingMonitor {
  return {
    async begin(config) {
      writeFileSync(join(request.bundle, CONFIG), config, { mode: 0o600 });
      const { child, sync } = spawnMonitor(request);
      return report(child, sync, request.bundle);
    },
    abandon: async () => undefined,
  };
}

const CONFIG = 'config.json';

/**
 * crun and runc find a FIFO in place of their configuration and wait for its content. When it comes, a file takes the
 * place of the FIFO for whoever opens it later. Should this engine die before, they read nothing and give up.
 */
function launchNow(request: MonitorRequest): WaitingMonitor {
  const path = join(request.bundle, CONFIG);
  rmSync(path, { force: true });
  const fifo = makeFifo(path);
  let waits = true;
  let started: ReturnType<typeof spawnMonitor>;
  try {
    started = spawnMonitor(request);
  } catch (error) {
    closeSync(fifo);
    throw error;
  }
  const { child, sync } = started;
  return {
    async begin(config) {
      waits = false;
      let rest: Socket | undefined;
      try {
        writeFileSync(`${path}.new`, config, { mode: 0o600 });
        renameSync(`${path}.new`, path);
        rest = writeAndClose(fifo, Buffer.from(config));
        return await report(child, sync, request.bundle);
      } finally {
        rest?.destroy();
      }
    },
    async abandon() {
      if (!waits) return;
      waits = false;
      closeUnwritten(path, fifo);
      readPipe(sync)
        .on('error', () => undefined)
        .resume(); // what they have to say about that
      await child.exited;
    },
  };
}

/** Who has not opened the FIFO yet would wait in it for ever once nobody can write: it finds an empty file. */
function closeUnwritten(path: string, fifo: number): void {
  writeFileSync(`${path}.new`, '');
  renameSync(`${path}.new`, path);
  closeSync(fifo);
}

/** Lets a runtime go on, to give up, that waits for its configuration from an engine that died. */
export function endWaiting(bundle: string): void {
  const path = join(bundle, CONFIG);
  if (lstatSync(path, { throwIfNoEntry: false })?.isFIFO()) closeUnwritten(path, openFifo(path));
}

/** Most fit into the pipe at once. What does not is written by the stream that is returned, to be destroyed at the end. */
function writeAndClose(fifo: number, content: Buffer): Socket | undefined {
  let written = 0;
  try {
    while (written < content.length) written += writeSync(fifo, content, written);
  } catch (error) {
    if (errnoOf(error) !== 'EAGAIN') {
      closeSync(fifo);
      throw error;
    }
    const rest = writePipe(fifo);
    rest.on('error', () => undefined); // it ended without reading: its report says why
    rest.end(content.subarray(written));
    return rest;
  }
  closeSync(fifo);
  return undefined;
}

async function report(child: SpawnedProcess, sync: number, bundle: string): Promise<StartedMonitor> {
  const pid = await readReport(readPipe(sync), bundle);
  const monitor = identifyProcess(child.pid);
  const container = identifyProcess(pid);
  if (!monitor || !container) throw new BerthError('internal', 'the container ended before it was started');
  return { monitor, container, ended: child.exited.then(() => undefined) };
}

function spawnMonitor(request: MonitorRequest): { child: SpawnedProcess; sync: number } {
  // A file, not a pipe: nothing of the monitor may break when this engine goes.
  const log = openSync(join(request.bundle, 'monitor.log'), 'a', 0o600);
  const sync = makePipe();
  try {
    const child = spawnProcess('conmon', argumentsOf(request), {
      cwd: request.bundle,
      descriptors: ['null', log, log, sync.write],
      env: {
        PATH: process.env['PATH'] ?? '/usr/sbin:/usr/bin:/sbin:/bin',
        _OCI_SYNCPIPE: '3',
        TMPDIR: '/tmp',
      },
    });
    return { child, sync: sync.read };
  } catch (cause) {
    closeSync(sync.read);
    throw new BerthError('unavailable', 'the container monitor conmon cannot be run', {
      cause,
      hint: 'Install it: apt-get install conmon',
    });
  } finally {
    for (const fd of [log, sync.write]) closeSync(fd);
  }
}

function argumentsOf(request: MonitorRequest): string[] {
  const { id, bundle, runtime } = request;
  return [
    '--api-version',
    '1',
    '--sync',
    '-c',
    id,
    '-u',
    id,
    '-n',
    id,
    '-r',
    runtime.program,
    '-b',
    bundle,
    '-p',
    join(bundle, 'pidfile'),
    '--exit-dir',
    request.exitDirectory,
    '--persist-dir',
    bundle,
    '--full-attach',
    '--log-level',
    'error',
    '--no-sync-log',
    '-l',
    request.logPath === undefined ? 'none' : `k8s-file:${request.logPath}`,
    ...runtime.args.flatMap((arg) => ['--runtime-arg', arg]),
    '--runtime-arg',
    `--root=${runtime.stateRoot}`,
    ...(request.tty ? ['-t'] : []),
    ...(request.openStdin ? ['-i'] : []),
    // Without it conmon closes the program's stdin when its client, the engine, goes: what StdinOnce asks for, except of
    // a terminal, which the next client uses on.
    ...(request.openStdin && (request.tty || !request.stdinOnce) ? ['--leave-stdin-open'] : []),
  ];
}

/** The one line that conmon writes when the container was created, or could not be. */
function readReport(pipe: Readable, bundle: string): Promise<number> {
  return new Promise((resolve, reject) => {
    let text = '';
    const fail = (message: string, cause?: unknown) => reject(refusal(message, cause));
    pipe.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8');
      if (text.length > 1 << 16) {
        pipe.destroy();
        fail('the container monitor wrote too much');
      } else if (text.endsWith('\n')) {
        const { data, message } = parseSync(text);
        if (data > 0) {
          resolve(data);
          pipe.destroy(); // nothing more of interest comes; the monitor gets on without a reader, as after our death
        } else fail(message.trim() || 'the OCI runtime gave no reason');
      }
    });
    pipe.on('error', () => undefined); // its end follows
    pipe.on('close', () => {
      if (text.endsWith('\n')) return;
      readFile(join(bundle, 'monitor.log'), 'utf8').then(
        (log) => fail(log.trim().slice(-2000) || 'the container monitor ended without a word'),
        (cause) => fail('the container monitor ended without a word', cause),
      );
    });
  });
}

/** The runtime's words come from what is in the container: whatever is in them, they are only shown. */
function parseSync(text: string): { data: number; message: string } {
  try {
    const line: unknown = JSON.parse(text);
    const member = (name: string): unknown =>
      typeof line === 'object' && line !== null ? Reflect.get(line, name) : undefined;
    return { data: Number(member('data') ?? -1), message: String(member('message') ?? '') };
  } catch {
    return { data: -1, message: text };
  }
}

/** Watches a monitor that an earlier engine started. Resolves at once when it has ended already. */
export function watchMonitor(monitor: ProcessIdentity): Promise<void> {
  return new Promise((resolve) => {
    try {
      const watch = watchProcess(monitor.pid, resolve);
      if (!isRunning(monitor)) {
        watch.close();
        resolve();
      }
    } catch {
      resolve(); // ESRCH
    }
  });
}

/** Reads and keeps the exit file; undefined when the monitor wrote none (it was killed). Synchronous: it is a few bytes on a tmpfs, and everybody waits for it. */
export function readExit(exitDirectory: string, id: string, bundle: string): ExitReport | undefined {
  const path = join(exitDirectory, id);
  try {
    const exitCode = Number(readFileSync(path, 'utf8').trim());
    return { exitCode, finishedAt: Math.round(statSync(path).mtimeMs), oomKilled: existsSync(join(bundle, 'oom')) };
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

export function forgetExit(exitDirectory: string, id: string): void {
  rmSync(join(exitDirectory, id), { force: true });
}

/** Sets the size of a container's terminal by conmon's control FIFO. */
export async function resizeTerminal(bundle: string, rows: number, columns: number): Promise<void> {
  await writeControl(bundle, `1 ${Math.min(rows, 1000)} ${Math.min(columns, 1000)}\n`);
}

/** Makes conmon open its log file again, after the old one was renamed; no line is lost. */
export async function reopenLog(bundle: string): Promise<void> {
  await writeControl(bundle, '2 0 0\n');
}

async function writeControl(bundle: string, line: string): Promise<void> {
  const control = await open(join(bundle, 'ctl'), 'r+'); // r+: opening a FIFO for writing only would block without a reader
  try {
    await control.write(line);
  } finally {
    await control.close();
  }
}
