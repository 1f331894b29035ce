import type { Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Gate } from '@berth/kit';
import { cgroupProcesses } from '../../linux/cgroup.ts';
import { signalProcess } from '../../linux/pidfd.ts';
import { familyOf, identifyProcess } from '../../linux/process.ts';
import { type Context, cgroupOf, eventAttributes } from '../context.ts';
import { ended, execAction, execFailure, processOf } from '../exec/exec.ts';
import type { Exec } from '../exec/exec-registry.ts';
import { launchPiped, type PipedLaunch } from '../exec/launch.ts';
import type { ContainerRecord } from '../model.ts';
import { runtimeFor } from '../runtime/select.ts';
import { goDuration } from './go-duration.ts';
import { LimitedOutput } from './limited-output.ts';
import type { Check } from './model.ts';

const SIGKILL = 9;
/** What starting a check may take; it does not count as time of the check itself. */
const START_LIMIT_MS = 30_000;
const START_POLL_MS = 10;
/** What output that is still on its way is given when a check has ended; programs it left behind may hold it open for ever. */
const DRAIN_MS = 200;
const FAILED = -1;

/** Short-lived files of checks that run: what is still there when an engine starts was left by one that was killed. */
export function checkDirectory(context: Pick<Context, 'config'>): string {
  return join(context.config.execRoot, 'checks');
}

/**
 * Runs a check in a container to its end, or kills it when its time is up or `signal` aborts. Never throws: what goes
 * wrong is the result, in Docker's words. `gate` bounds how many are being started at a time.
 */
export async function runCheck(
  context: Context,
  record: ContainerRecord,
  check: Check,
  options: { gate: Gate; signal: AbortSignal },
): Promise<{ exitCode: number; output: string }> {
  const leaveGate = await options.gate.enter();
  try {
    if (options.signal.aborted) return { exitCode: FAILED, output: 'the check was called off' };
    const exec = announce(context, record, check);
    try {
      return await execute(context, record, check, exec, options.signal, leaveGate);
    } finally {
      context.execs.forget(exec.id);
    }
  } catch (error) {
    return { exitCode: FAILED, output: error instanceof Error ? error.message : String(error) };
  } finally {
    leaveGate();
  }
}

function announce(context: Context, record: ContainerRecord, { command }: Check): Exec {
  const exec = context.execs.add(record.id, {
    ...{ cmd: command, env: [], user: '', workdir: '', tty: false, privileged: false, detachKeys: '' },
    ...{ attachStdin: false, attachStdout: true, attachStderr: true, consoleSize: undefined },
  });
  const attributes = eventAttributes(record, { execID: exec.id });
  context.publish('container', execAction('exec_create', command), record.id, attributes);
  context.publish('container', execAction('exec_start', command), record.id, attributes);
  exec.state = 'running';
  return exec;
}

async function execute(
  context: Context,
  record: ContainerRecord,
  check: Check,
  exec: Exec,
  signal: AbortSignal,
  started: () => void,
): Promise<{ exitCode: number; output: string }> {
  // Before the runtime runs: it would wait for ever for what cannot be said, a process of the host for each check.
  const wanted = processOf(context, exec, record);
  const piped = launchPiped({
    runtime: await runtimeFor(context, record.spec.hostConfig.Runtime),
    containerId: record.id,
    directory: checkDirectory(context),
  });
  const { launch } = piped;
  const output = new LimitedOutput();
  try {
    exec.pid = () => launch.pid();
    launch.describe(wanted);
    const drained = gather(piped, output);
    const kill = () => killCheck(context, record, piped);
    const isUp = await untilStarted(piped, signal);
    started();
    if (!isUp) {
      kill();
      await launch.exited;
      throw new Error(`timed out starting health check for container ${record.id}`);
    }
    const late = await isLate(piped, check.timeout, signal);
    if (late) kill();
    const exit = await launch.exited;
    await Promise.race([drained, delay(DRAIN_MS)]);
    ended(context, exec, record, exit);
    if (late) return { exitCode: FAILED, output: timeoutText(check, output.text()) };
    if (exit.failure !== undefined) throw execFailure(exit.failure, exec).error;
    return { exitCode: exit.exitCode, output: output.text() };
  } finally {
    for (const stream of [piped.stdin, piped.stdout, piped.stderr]) stream.destroy();
  }
}

function timeoutText({ timeout }: Check, output: string): string {
  return `Health check exceeded timeout (${goDuration(timeout)})${output === '' ? '' : `: ${output}`}`;
}

/** Resolves when both streams have ended. What comes beyond the limit is read and dropped: a check must not block on it. */
function gather({ launch, stdin, stdout, stderr }: PipedLaunch, output: LimitedOutput): Promise<unknown> {
  stdin.end();
  stdin.on('error', () => undefined);
  let theirs: Promise<boolean> | undefined;
  const read = (stream: Socket, isOurs?: boolean) =>
    new Promise<void>((resolve) => {
      stream.on('data', (chunk: Buffer) => {
        if (isOurs) return output.add(chunk);
        theirs ??= launch.byProgram(); // the runtime says on stderr why it gave up; that comes by another way
        void theirs.then((byProgram) => byProgram && output.add(chunk));
      });
      for (const event of ['end', 'close', 'error']) stream.on(event, () => resolve());
    });
  return Promise.all([read(stdout, true), read(stderr)]);
}

/** False when it took too long, or is not wanted any more. */
async function untilStarted({ launch }: PipedLaunch, signal: AbortSignal): Promise<boolean> {
  const deadline = performance.now() + START_LIMIT_MS;
  while (launch.alive && launch.pid() === 0) {
    if (signal.aborted || performance.now() > deadline) return false;
    await Promise.race([launch.exited, delay(START_POLL_MS)]);
  }
  return true;
}

/** True when a check has to be killed: its time is up, or nobody wants it any more. */
async function isLate({ launch }: PipedLaunch, timeout: number, signal: AbortSignal): Promise<boolean> {
  const { promise: over, resolve } = Promise.withResolvers<true>();
  const stop = () => resolve(true);
  const timer = setTimeout(stop, Math.min(timeout, 2 ** 31 - 1));
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([launch.exited.then(() => false), over]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}

/** Kills the program with all that it started, and the runtime where it has not come so far. */
function killCheck(context: Context, record: ContainerRecord, { launch }: PipedLaunch): void {
  const pid = launch.pid();
  if (pid === 0) launch.kill(SIGKILL);
  else killFamily(pid, cgroupProcesses(context.cgroups, cgroupOf(context.config, record)));
}

/** Kills those of a container's processes that descend from one of them, itself included. */
export function killFamily(pid: number, processes: readonly number[]): void {
  if (!processes.includes(pid)) return;
  for (const member of familyOf(pid, processes)) {
    const identity = identifyProcess(member);
    if (identity) signalProcess(member, SIGKILL, () => identifyProcess(member)?.startTime === identity.startTime);
  }
}
