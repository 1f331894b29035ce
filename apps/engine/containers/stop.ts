import { BerthError, isBerthError } from '@berth/kit';
import { signalProcess } from '../linux/pidfd.ts';
import { isRunning } from '../linux/process.ts';
import { type Context, eventAttributes } from './context.ts';
import type { ContainerRecord } from './model.ts';
import { parseSignal, stopSignalOf } from './parse/signals.ts';
import { thaw } from './pause.ts';
import type { ContainerService } from './service.ts';

const DEFAULT_TIMEOUT_S = 10;
const SIGKILL = 9;
/** How long a killed container may take to be gone, its network and mounts included. */
const GONE_MS = 30_000;
/** 24 days; a timer that is asked for more fires at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Asks the program to end, kills it after its grace period. Errors: not-found, not-modified. */
export const stop =
  (context: Context): ContainerService['stop'] =>
  async (name, { timeout, signal }) => {
    const { id } = context.store.resolve(name);
    const waited = await cancelRestart(context, id);
    const record = context.store.resolve(id); // what it is after a start or an end that was under way
    if (waited) return context.publish('container', 'stop', id, eventAttributes(record));
    if (!isActive(record)) throw new BerthError('not-modified', `Container ${record.name} is already stopped`);
    await stopRecord(context, record, { timeout, signal });
  };

/** Stops a running container and resolves when all that it used is taken down. */
export async function stopRecord(
  context: Context,
  record: ContainerRecord,
  options: { timeout: number | undefined; signal: string | undefined },
): Promise<void> {
  const { config } = record.spec;
  const number = options.signal ? parseSignal(options.signal) : stopSignalOf(config);
  const seconds = options.timeout ?? config.StopTimeout ?? DEFAULT_TIMEOUT_S;
  const gone = whenGone(context, record.id);
  markStopped(context, record.id);
  await send(context, record, number);
  if (seconds >= 0 && !(await within(gone, seconds * 1000))) await killAndWait(context, record, gone);
  await gone;
  context.publish('container', 'stop', record.id, eventAttributes(record));
}

/** Kills a running container and resolves when all that it used is taken down. */
export async function killRecord(context: Context, record: ContainerRecord): Promise<void> {
  const gone = whenGone(context, record.id);
  markStopped(context, record.id);
  await killAndWait(context, record, gone);
}

async function killAndWait(context: Context, record: ContainerRecord, gone: Promise<void>): Promise<void> {
  await send(context, record, SIGKILL).catch((error) => {
    if (!isBerthError(error, 'conflict')) throw error; // ended by itself: what it used is being taken down
  });
  if (!(await within(gone, GONE_MS))) {
    throw new BerthError(
      'internal',
      `cannot stop container ${record.name}: its process does not end (it may wait for a device or a network file system)`,
    );
  }
}

/** Sends a signal to the first process of a running container. Errors: conflict when it does not run. */
export async function send(context: Context, record: ContainerRecord, signal: number): Promise<void> {
  const { state } = context.store.get(record.id) ?? record;
  if (state.status !== 'running' && state.status !== 'paused') {
    throw new BerthError('conflict', `container ${record.id} is not running`);
  }
  const identity = { pid: state.pid, startTime: state.pidStartTime };
  signalProcess(state.pid, signal, () => isRunning(identity));
  context.publish('container', 'kill', record.id, eventAttributes(record, { signal: String(signal) }));
  // A frozen process takes no signal, not even the last one: it has to thaw to die.
  const { config } = record.spec;
  const meansEnd = !config.StopSignal || signal === SIGKILL || signal === stopSignalOf(config);
  if (state.status === 'paused' && meansEnd) await thaw(context, record.id);
}

export function isActive({ state }: ContainerRecord): boolean {
  return state.status === 'running' || state.status === 'paused';
}

/** A container that waits for a restart by policy is taken as stopped. True when it was one. */
export async function cancelRestart(context: Context, id: string): Promise<boolean> {
  return context.lock.run(id, () => {
    const now = context.store.get(id);
    if (now?.state.status !== 'restarting') return false;
    clearTimeout(context.live.of(id).restartTimer);
    const { restartAt: _, ...ended } = now.state;
    context.store.save({ ...now, stoppedByUser: true, state: { ...ended, status: 'exited' } });
    return true;
  });
}

export function markStopped(context: Context, id: string): void {
  const record = context.store.get(id);
  if (record) context.store.save({ ...record, stoppedByUser: true });
}

/** Resolves when the present run is over and everything of it is taken down. */
function whenGone(context: Context, id: string): Promise<void> {
  return context.live
    .of(id)
    .nextExit()
    .then(() => context.lock.run(id, () => undefined));
}

/** False when it takes longer. */
async function within(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(ms, LONGEST_TIMER_MS));
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
