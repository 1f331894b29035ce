import { join } from 'node:path';
import type { Duplex, Readable, Writable } from 'node:stream';
import { BerthError, describeError } from '@berth/kit';
import { type Context, eventAttributes, pathsOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { mustRun } from '../must-run.ts';
import { checkSecurityOptions } from '../parse/parse-create-security.ts';
import { parseExec } from '../parse/parse-exec.ts';
import { DEFAULT_DETACH_KEYS, parseDetachKeys } from '../parse/parse-exec-keys.ts';
import { DetachFilter } from '../run/detach-filter.ts';
import { currentLinkVariables } from '../run/links.ts';
import { describeCreateFailure } from '../run/start-failure.ts';
import { STDCOPY_HEADER, stdcopyFrame, writeStdcopyHeader } from '../run/stdcopy.ts';
import { resolveUserInRoot } from '../run/user-in-root.ts';
import { runtimeFor } from '../runtime/select.ts';
import type { ContainerService } from '../service.ts';
import { resolveCapabilities } from '../spec/capabilities.ts';
import { withEngineDefaults } from '../spec/engine-defaults.ts';
import { capabilitySets, confinement, environment, mergeEnvironment, processLimits, userOf } from '../spec/process.ts';
import type { RuntimeProcess } from '../spec/runtime-spec.ts';
import { type ExecExit, type ExecProcess, startExec } from './exec-process.ts';
import type { Exec } from './exec-registry.ts';
import { type LaunchRequest, launchPiped } from './launch.ts';

const READY_AFTER_MS = 5;

/** What could not even be tried. */
const NOT_BEGUN: ExecExit = { exitCode: 126, failure: '' };

/** Errors: not-found; conflict when the container does not run or is paused; invalid (body). */
export const execCreate =
  (context: Context): ContainerService['execCreate'] =>
  async (name, body) => {
    const record = runningRecord(context, name);
    const wish = parseExec(body);
    const exec = context.execs.add(record.id, wish);
    context.warmer.announce();
    if (!wish.tty && (wish.attachStdout || wish.attachStderr)) await makeReady(context, record.id);
    context.publish(
      'container',
      execAction('exec_create', wish.cmd),
      record.id,
      eventAttributes(record, { execID: exec.id }),
    );
    return { Id: exec.id };
  };

/** Errors: not-found; conflict when it was started already or the container does not run; invalid when detached and not startable. */
export const execStart =
  (context: Context): ContainerService['execStart'] =>
  async (execId, { detach, tty, consoleSize }) => {
    const exec = context.execs.get(execId);
    if (exec.state !== 'created') throw new BerthError('conflict', `exec ${execId} has already run`);
    const record = runningRecord(context, exec.containerId);
    if (!detach && tty !== exec.wish.tty) exec.wish = { ...exec.wish, tty };
    if (consoleSize) exec.wish = { ...exec.wish, consoleSize };
    exec.state = 'running';
    context.warmer.announce();
    context.publish(
      'container',
      execAction('exec_start', exec.wish.cmd),
      record.id,
      eventAttributes(record, { execID: exec.id }),
    );
    if (!detach)
      return { tty: exec.wish.tty, join: (connection) => void runAttached(context, exec, record, connection) };
    const process = await begin(context, exec, record, true).catch((error) => {
      ended(context, exec, record, NOT_BEGUN);
      throw error;
    });
    process.terminal?.output.resume();
    await process.started();
    const early = await Promise.race([process.exited, Promise.resolve(undefined)]);
    void process.exited.then((exit) => {
      process.terminal?.close();
      ended(context, exec, record, exit);
    });
    if (early?.failure !== undefined) throw execFailure(early.failure, exec).error;
    return { tty: exec.wish.tty, join: undefined };
  };

export const execResize =
  (context: Context): ContainerService['execResize'] =>
  async (execId, height, width) => {
    const exec = context.execs.get(execId);
    if (exec.state !== 'running') throw new BerthError('conflict', `exec process is not running: ${execId}`);
    if (!exec.resize)
      exec.wish = { ...exec.wish, consoleSize: [height, width] }; // comes before the terminal is there
    else exec.resize(height, width);
  };

export const execInspect =
  (context: Context): ContainerService['execInspect'] =>
  async (execId) => {
    const { id, containerId, wish, state, exitCode, pid } = context.execs.get(execId);
    return {
      ID: id,
      Running: state === 'running',
      ExitCode: exitCode,
      ProcessConfig: {
        tty: wish.tty,
        entrypoint: wish.cmd[0],
        arguments: wish.cmd.slice(1),
        privileged: wish.privileged,
        ...(wish.user === '' ? {} : { user: wish.user }),
      },
      OpenStdin: wish.attachStdin,
      OpenStderr: wish.attachStderr,
      OpenStdout: wish.attachStdout,
      CanRemove: state === 'exited',
      ContainerID: containerId,
      DetachKeys: wish.detachKeys,
      Pid: pid(),
    };
  };

function runningRecord(context: Context, name: string): ContainerRecord {
  const record = context.store.resolve(name);
  if (record.state.status === 'paused') {
    throw new BerthError('conflict', `Container ${name} is paused, unpause the container before exec`);
  }
  mustRun(record);
  return record;
}

async function begin(context: Context, exec: Exec, record: ContainerRecord, detached: boolean): Promise<ExecProcess> {
  const request = await launchRequest(context, record);
  const process = await startExec({
    ...request,
    process: processOf(context, exec, record),
    stdin: exec.wish.attachStdin,
    detached,
    ready: detached || exec.wish.tty ? undefined : context.readyExecs.take(record.id),
  });
  exec.pid = process.pid;
  return process;
}

async function launchRequest(context: Context, record: ContainerRecord): Promise<LaunchRequest> {
  return {
    runtime: await runtimeFor(context, record.spec.hostConfig.Runtime),
    containerId: record.id,
    directory: join(context.config.execRoot, 'exec'),
  };
}

/** Starts a runtime ahead for what is about to be executed, or for what may follow. */
async function makeReady(context: Context, id: string): Promise<void> {
  const record = context.store.get(id);
  if (record?.state.status !== 'running' || context.closing) return;
  const request = await launchRequest(context, record);
  context.readyExecs.prepare(id, () => launchPiped(request));
}

/** What the runtime is told to run. */
export function processOf(context: Context, { wish }: Exec, record: ContainerRecord): RuntimeProcess {
  const { id, spec } = withEngineDefaults(context.config, record);
  const { config, hostConfig } = spec;
  const { rootfs } = pathsOf(context.config, id);
  const user = resolveUserInRoot(rootfs, wish.user || config.User, hostConfig.GroupAdd ?? []);
  const capabilities = resolveCapabilities({
    add: hostConfig.CapAdd ?? [],
    drop: hostConfig.CapDrop ?? [],
    privileged: hostConfig.Privileged || wish.privileged,
  });
  const [height, width] = wish.consoleSize ?? [0, 0];
  const Env = [...currentLinkVariables(context, record), ...config.Env];
  return {
    terminal: wish.tty,
    ...(wish.tty && height > 0 && width > 0 ? { consoleSize: { height, width } } : {}),
    user: userOf(user),
    args: wish.cmd,
    env: mergeEnvironment(environment({ ...config, Env, Tty: wish.tty }, user.home), wish.env),
    cwd: wish.workdir || config.WorkingDir || '/',
    capabilities: capabilitySets(capabilities),
    ...confinement(checkSecurityOptions(hostConfig.SecurityOpt ?? [], true)),
    ...processLimits(hostConfig),
  };
}

async function runAttached(context: Context, exec: Exec, record: ContainerRecord, connection: Duplex): Promise<void> {
  let exit: ExecExit;
  let refusal: string | undefined;
  try {
    const process = await begin(context, exec, record, false);
    const { terminal } = process;
    if (terminal) {
      exec.resize = terminal.resize;
      const [height, width] = exec.wish.consoleSize ?? [0, 0];
      if (height > 0 && width > 0) terminal.resize(height, width);
    }
    feed(context, exec, record, connection, process);
    const streams = terminal
      ? [copy(terminal.output, connection, undefined)]
      : [
          copy(process.stdout, exec.wish.attachStdout ? connection : undefined, 1),
          copy(process.stderr, exec.wish.attachStderr ? connection : undefined, 2, process.byProgram),
        ];
    exit = await process.exited;
    await drained(Promise.all(streams), connection);
    terminal?.close();
    if (exit.failure !== undefined) refusal = execFailure(exit.failure, exec).error.message;
  } catch (error) {
    exit = NOT_BEGUN;
    refusal = describeError(error);
  }
  ended(context, exec, record, exit);
  if (refusal !== undefined && !connection.destroyed) {
    const text = Buffer.from(`${refusal}\r\n`);
    connection.write(exec.wish.tty ? text : stdcopyFrame(1, text));
  }
  connection.end();
  // Starting a process holds the engine up for a millisecond or two: the client first gets the exit code it asks for.
  if (!exec.wish.tty) setTimeout(() => void makeReady(context, record.id), READY_AFTER_MS).unref();
}

/** Client to program. The end of the client's stream ends the program's stdin. */
function feed(context: Context, exec: Exec, record: ContainerRecord, connection: Duplex, process: ExecProcess): void {
  const target = process.terminal?.input ?? process.stdin;
  connection.on('error', () => connection.destroy()); // the client went away; the program goes on
  if (!target || !exec.wish.attachStdin) {
    connection.resume();
    return;
  }
  target.on('error', () => undefined); // EPIPE: the program closed its stdin
  if (!process.terminal) {
    connection.pipe(target);
    connection.once('close', () => target.end()); // a client that breaks off has no more to say either
    return;
  }
  const filter = new DetachFilter(
    exec.wish.detachKeys ? parseDetachKeys(exec.wish.detachKeys) : DEFAULT_DETACH_KEYS,
    () => {
      context.publish('container', 'exec_detach', record.id, eventAttributes(record, { execID: exec.id }));
      connection.end();
    },
  );
  connection.pipe(filter).pipe(target, { end: false });
}

/** Program to client, framed where there is no terminal; blocks the program when the client does not read. */
function copy(
  source: Readable | undefined,
  target: Writable | undefined,
  stream: 1 | 2 | undefined,
  byProgram: () => Promise<boolean> = async () => true,
): Promise<void> {
  return new Promise((resolve) => {
    if (!source) return resolve();
    source.on('end', resolve);
    source.on('close', resolve);
    source.on('error', () => resolve());
    if (!target) {
      source.resume();
      return;
    }
    target.on('close', () => source.resume()); // nobody reads any more: the program must not block
    const pass = (chunk: Buffer) => {
      if (target.destroyed || target.writableEnded) return;
      if (stream !== undefined) target.write(header(stream, chunk.length));
      if (!target.write(chunk)) {
        source.pause();
        target.once('drain', () => source.resume());
      }
    };
    source.once('data', (first: Buffer) => {
      source.pause();
      void byProgram().then((ours) => {
        if (ours) pass(first);
        source.on('data', pass);
        source.resume();
      });
    });
  });
}

function header(stream: 1 | 2, length: number): Buffer {
  const bytes = Buffer.allocUnsafe(STDCOPY_HEADER);
  writeStdcopyHeader(bytes, 0, stream, length);
  return bytes;
}

/** Resolves when all output was passed on; what a program left in the background keeps open is not waited for long. */
async function drained(output: Promise<unknown>, connection: Duplex): Promise<void> {
  let finished = false;
  void output.then(() => {
    finished = true;
  });
  const quietRounds = 10;
  for (let quiet = 0; !finished && quiet < quietRounds; ) {
    const before = connection.writableLength;
    await Promise.race([output, new Promise((next) => setTimeout(next, 20))]);
    // Only time in which the client has nothing left to read counts.
    quiet = before === 0 && connection.writableLength === 0 ? quiet + 1 : 0;
    if (connection.destroyed) return;
  }
}

/** What the event of an exec is called: `exec_create: sh -c true`, with a space at its end where there is one word, as with Docker. */
export function execAction(what: 'exec_create' | 'exec_start', [program, ...args]: readonly string[]): string {
  return `${what}: ${program ?? ''} ${args.join(' ')}`;
}

/** Records how a process ended and says so. */
export function ended(context: Context, exec: Exec, record: ContainerRecord, exit: ExecExit): void {
  exec.state = 'exited';
  exec.resize = undefined;
  exec.exitCode = exit.failure === undefined ? exit.exitCode : execFailure(exit.failure, exec).exitCode;
  if (exit.failure !== undefined) return; // what never ran did not die: Docker says nothing of it
  context.publish(
    'container',
    'exec_die',
    record.id,
    eventAttributes(record, { execID: exec.id, exitCode: String(exec.exitCode) }),
  );
}

/** What a client is told when the runtime refused to run a process. */
export function execFailure(message: string, { wish }: Exec): { error: BerthError; exitCode: number } {
  const known = describeCreateFailure(message, wish.cmd[0] ?? '');
  const sentence = (known?.sentence ?? message).replace(
    'unable to start container process: error during container init: ',
    'unable to start container process: ',
  );
  return {
    error: new BerthError('invalid', `OCI runtime exec failed: exec failed: ${sentence}: unknown`),
    exitCode: known?.exitCode ?? 126,
  };
}
