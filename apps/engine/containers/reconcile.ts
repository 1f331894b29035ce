import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Gate } from '@berth/kit';
import { cgroupDirectories, isFrozen } from '../linux/cgroup.ts';
import { signalProcess, watchProcess } from '../linux/pidfd.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from '../linux/process.ts';
import { removeTree } from '../linux/remove-tree.ts';
import type { Sandbox } from '../networks/model.ts';
import { type Context, cgroupOf, exitDirectory, inBackground, pathsOf } from './context.ts';
import { finish, takeDown, watchEnd } from './ended.ts';
import type { ContainerRecord, Running } from './model.ts';
import { moveAside, trashOf } from './remove.ts';
import { armRestart, awaitingEngine, shouldStartWithEngine } from './restart-policy.ts';
import { removeEmptyParents } from './run/cgroup-parent.ts';
import { killLeftovers } from './run/leftovers.ts';
import { removeBundle, unmountRootfs } from './run/rootfs.ts';
import { clearStages } from './run/staged-mounts.ts';
import { endWaiting, watchMonitor } from './runtime/monitor.ts';
import { deleteState } from './runtime/oci-runtime.ts';

const SIGKILL = 9;
/** Of 10 ms each: what a monitor is given to end after its container did. */
const END_START_TRIES = 500;
/** Containers that are taken down at a time: most of it is waiting for the kernel. */
const SETTLED_AT_A_TIME = 16;

export interface Reconciliation {
  /** Containers that run: their networks have to be as stored. */
  live: { containerId: string; containerName: string; sandbox: Sandbox }[];
  /** Takes down what ended meanwhile and sweeps what belongs to nobody; to be called when networks know what lives. */
  settle(): Promise<void>;
  /** Starts what restart policies ask for; to be called when the engine serves. */
  resume(): void;
}

/**
 * Finds out what became of all containers while no engine ran: no stored "running" is believed without looking.
 * What runs is adopted at once.
 */
export function reconcile(context: Context): Reconciliation {
  for (const dir of ['containers', 'trash'])
    mkdirSync(join(context.config.dataRoot, dir), { recursive: true, mode: 0o700 });
  for (const dir of ['c', 'exits', 'exec', 'runtime'])
    mkdirSync(join(context.config.execRoot, dir), { recursive: true, mode: 0o700 });
  clearStages(context.config);
  const monitors = findMonitors(exitDirectory(context.config));
  const gone: ContainerRecord[] = [];
  for (const record of [...context.store.all()]) {
    if (!existsSync(pathsOf(context.config, record.id).home))
      context.store.delete(record.id); // removed before a power cut
    else if (!adopt(context, record, monitors.get(record.id))) gone.push(record);
  }
  const live = [...context.store.all()].flatMap(({ id, name, state, sandbox }) =>
    (state.status === 'running' || state.status === 'paused') && sandbox && !gone.some((g) => g.id === id)
      ? [{ containerId: id, containerName: name, sandbox }]
      : [],
  );
  return { live, settle: () => settle(context, gone, monitors), resume: () => resume(context) };
}

/** True when the container runs and is watched from now on. */
function adopt(context: Context, record: ContainerRecord, found: ProcessIdentity | undefined): boolean {
  const { id, state } = record;
  if (state.status === 'running' || state.status === 'paused') {
    const monitor = { pid: state.monitorPid, startTime: state.monitorStartTime };
    const container = { pid: state.pid, startTime: state.pidStartTime };
    if (isRunning(monitor)) watchEnd(context, id, watchMonitor(monitor));
    else if (existsSync(join(exitDirectory(context.config), id)) || !isRunning(container)) return false;
    else watchEnd(context, id, watchContainer(container)); // only the monitor was lost
    saveFreezerState(context, record, state);
    return true;
  }
  // A start that was cut short: the program may run although nobody wrote it down.
  if (!found || !record.sandbox || existsSync(join(context.config.execRoot, 'runtime', id, 'exec.fifo'))) return false;
  const container = identifyProcess(Number(readFileSync(join(pathsOf(context.config, id).bundle, 'pidfile'), 'utf8')));
  if (!container) return false;
  context.store.save({
    ...record,
    state: {
      status: 'running',
      pid: container.pid,
      pidStartTime: container.startTime,
      monitorPid: found.pid,
      monitorStartTime: found.startTime,
      startedAt: Date.now(),
      finishedAt: 'finishedAt' in state ? state.finishedAt : 0,
    },
  });
  watchEnd(context, id, watchMonitor(found));
  return true;
}

function saveFreezerState(
  context: Context,
  record: ContainerRecord,
  state: Running & { status: 'running' | 'paused' },
): void {
  const status = isFrozen(context.cgroups, cgroupOf(context.config, record)) ? 'paused' : 'running';
  if (status !== state.status) context.store.save({ ...record, state: { ...state, status } });
}

function watchContainer(container: ProcessIdentity): Promise<void> {
  return new Promise((resolve) => {
    try {
      watchProcess(container.pid, resolve);
      if (!isRunning(container)) resolve();
    } catch {
      resolve(); // ESRCH
    }
  });
}

/** All conmon processes whose exit directory is ours, by container id. */
function findMonitors(exits: string): Map<string, ProcessIdentity> {
  const found = new Map<string, ProcessIdentity>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const args = readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0');
      if (!args[0]?.endsWith('conmon') || args[args.indexOf('--exit-dir') + 1] !== exits) continue;
      const identity = identifyProcess(Number(entry));
      const id = args[args.indexOf('-c') + 1];
      if (identity && id) found.set(id, identity);
    } catch {
      // the process ended meanwhile
    }
  }
  return found;
}

async function settle(
  context: Context,
  gone: ContainerRecord[],
  monitors: Map<string, ProcessIdentity>,
): Promise<void> {
  const runs = (id: string) => ['running', 'paused'].includes(context.store.get(id)?.state.status ?? '');
  await Promise.all([...monitors].filter(([id]) => !runs(id)).map(([id, monitor]) => endStart(context, id, monitor)));
  const gate = new Gate(SETTLED_AT_A_TIME);
  await Promise.all(
    gone.map(async (record) => {
      const leave = await gate.enter();
      await context.lock.run(record.id, () => settleOne(context, record)).finally(leave);
    }),
  );
  await sweep(context);
}

async function settleOne(context: Context, record: ContainerRecord): Promise<void> {
  const { status } = record.state;
  if (status === 'running' || status === 'paused') await finish(context, record.id);
  else if (record.sandbox || existsSync(pathsOf(context.config, record.id).bundle)) await takeDown(context, record);
}

/**
 * Ends a start that its engine did not live to see: the runtime may still be at it, so that what is taken down now would
 * come back. Resolves when the monitor is gone, and its runtime with it.
 */
async function endStart(context: Context, id: string, monitor: ProcessIdentity): Promise<void> {
  const ended = watchMonitor(monitor);
  endWaiting(pathsOf(context.config, id).bundle);
  for (let waited = 0; isRunning(monitor); waited++) {
    await killLeftovers(context.cgroups, cgroupOf(context.config, context.store.get(id) ?? { id }));
    await Promise.race([ended, new Promise((next) => setTimeout(next, 10))]);
    if (waited === END_START_TRIES) signalProcess(monitor.pid, SIGKILL, () => isRunning(monitor));
  }
}

/**
 * Removes what is left of our containers that do not run: cgroups with their processes, mounts, runtime state, files. A
 * cgroup below our parent whose id we have neither row nor bundle nor state of may be another engine's: it is left alone.
 */
async function sweep(context: Context): Promise<void> {
  const { config, cgroups, store, log } = context;
  const runs = (id: string) => ['running', 'paused'].includes(store.get(id)?.state.status ?? '');
  const strays = new Set<string>();
  for (const dir of cgroupDirectories(cgroups, config.cgroupParent))
    for (const id of directoriesOf(dir)) if (store.get(id) && !runs(id)) strays.add(id);
  for (const name of ['c', 'runtime'])
    for (const id of directoriesOf(join(config.execRoot, name))) if (!runs(id)) strays.add(id);
  for (const id of strays) {
    log.info('removing what is left of a container that does not run', { container: id });
    const paths = pathsOf(config, id);
    await killLeftovers(cgroups, cgroupOf(config, store.get(id) ?? { id }));
    await unmountRootfs(paths, { volatile: false });
    deleteState(context.defaultRuntime, id);
    removeBundle(paths);
  }
  removeEmptyParents(context);
  for (const id of directoriesOf(join(config.dataRoot, 'containers')))
    if (!store.get(id)) moveAside(context, id, Promise.resolve());
  for (const id of directoriesOf(join(config.execRoot, 'exec')))
    rmSync(join(config.execRoot, 'exec', id), { recursive: true, force: true });
  for (const id of readdirSync(exitDirectory(config)))
    if (!runs(id)) rmSync(join(exitDirectory(config), id), { force: true });
  const trash = trashOf(config.dataRoot);
  for (const id of directoriesOf(trash))
    inBackground(context, `remove the files of container ${id}`, () => removeTree(join(trash, id)));
}

function directoriesOf(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name);
}

function resume(context: Context): void {
  for (const record of [...context.store.all()]) {
    const { state } = record;
    if (state.status === 'exited' && shouldStartWithEngine(record, state.exitCode))
      context.store.save(awaitingEngine(record, state));
    armRestart(context, record.id); // those, and what was waiting when the last engine ended
  }
}
