import { join } from 'node:path';
import { errnoOf } from '@berth/kit';
import { oomKills } from '../linux/cgroup.ts';
import { unmount } from '../linux/mount.ts';
import { type Context, cgroupOf, eventAttributes, exitDirectory, inBackground, pathsOf } from './context.ts';
import type { ContainerRecord, Ended, Running } from './model.ts';
import { releaseVolumes } from './mounts/release.ts';
import { removeLocked } from './remove.ts';
import { armRestart, awaitingRestart, shouldRestart } from './restart-policy.ts';
import { releaseCgroupParents } from './run/cgroup-parent.ts';
import { killLeftovers } from './run/leftovers.ts';
import { removeBundle, unmountRootfs } from './run/rootfs.ts';
import { type ExitReport, forgetExit, readExit } from './runtime/monitor.ts';
import { deleteState } from './runtime/oci-runtime.ts';
import { runtimeFor } from './runtime/select.ts';

/** Does what is due when a container's monitor has ended. */
export function watchEnd(context: Context, id: string, ended: Promise<void>): void {
  void ended.then(() => {
    if (!context.closing)
      inBackground(context, `finish container ${id}`, () => context.lock.run(id, () => finish(context, id)));
  });
}

/**
 * Records how a run ended, tells who waits, takes down what it used, then removes or restarts the container where that
 * was asked for. The caller holds the container's lock. Does nothing for a container that does not run.
 */
export async function finish(context: Context, id: string): Promise<void> {
  const before = context.store.get(id);
  if (!before || (before.state.status !== 'running' && before.state.status !== 'paused')) return;
  context.readyExecs.drop(id);
  const report = exitReport(context, before, before.state);
  const restart = shouldRestart(before, report.exitCode);
  const ended: Ended = {
    startedAt: before.state.startedAt,
    finishedAt: report.finishedAt,
    exitCode: report.exitCode,
    oomKilled: report.oomKilled,
    error: report.error,
  };
  const record = context.store.save(
    restart ? awaitingRestart(before, ended) : { ...before, state: { status: 'exited', ...ended } },
  );
  if (ended.oomKilled) context.publish('container', 'oom', id, eventAttributes(record));
  const seconds = Math.max(0, Math.floor((ended.finishedAt - ended.startedAt) / 1000));
  context.publish(
    'container',
    'die',
    id,
    eventAttributes(record, { exitCode: String(ended.exitCode), execDuration: String(seconds) }),
  );
  // Only what is saved may be forgotten: an engine that dies in between finds the file again.
  forgetExit(exitDirectory(context.config), id);
  const goes = !restart && record.spec.hostConfig.AutoRemove && !context.keepOnce.delete(id);
  await vacate(context, record);
  context.live
    .of(id)
    .ended({ StatusCode: ended.exitCode, ...(ended.error ? { Error: { Message: ended.error } } : {}) });
  // Who waits has been told: what is left to do is nobody's but ours, and the lock keeps the next start off it.
  if (goes) await removeLocked(context, id);
  else await release(context, record);
  if (restart) armRestart(context, id);
}

function exitReport(context: Context, record: ContainerRecord, state: Running): ExitReport & { error: string } {
  const directory = exitDirectory(context.config);
  const report = readExit(directory, record.id, pathsOf(context.config, record.id).bundle);
  if (!report) {
    context.log.warn('the monitor of a container was killed: its exit code is not known', {
      container: record.id,
      monitor: state.monitorPid,
    });
    return {
      exitCode: 255,
      finishedAt: Date.now(),
      oomKilled: false,
      error: 'the container monitor was killed: the exit code is not known',
    };
  }
  return {
    ...report,
    oomKilled: report.oomKilled || oomKills(context.cgroups, cgroupOf(context.config, record)) > 0,
    error: '',
  };
}

/** Takes down everything that a run used. */
export async function takeDown(context: Context, record: ContainerRecord): Promise<void> {
  await vacate(context, record);
  await release(context, record);
}

/** Gives back what others may be waiting for: processes, addresses, ports. */
export async function vacate(context: Context, record: ContainerRecord): Promise<void> {
  const { config, cgroups } = context;
  await attempt(context, record, 'remove the control group', () => killLeftovers(cgroups, cgroupOf(config, record)));
  await attempt(context, record, 'give back the groups above', () => releaseCgroupParents(context, record));
  const { sandbox } = record;
  if (sandbox) {
    await attempt(context, record, 'close the network', () => context.networks.close(record.id, sandbox));
    context.store.save({ ...context.store.get(record.id)!, sandbox: undefined });
  }
  releaseVolumes(context, record);
}

/** Takes down the rest: mounts, the runtime's state, the bundle. Needs the record only, not the row. */
export async function release(context: Context, record: ContainerRecord): Promise<void> {
  const paths = pathsOf(context.config, record.id);
  await attempt(context, record, 'unmount shared memory', () => unmountIfThere(join(paths.bundle, 'shm')));
  await attempt(context, record, 'remove the runtime state', async () =>
    deleteState(await runtimeFor(context, record.spec.hostConfig.Runtime), record.id),
  );
  const isVolatile = record.spec.hostConfig.AutoRemove;
  const letGo = async () => {
    await attempt(context, record, 'unmount the root file system', () =>
      unmountRootfs(paths, { volatile: isVolatile }),
    );
    await attempt(context, record, 'remove the bundle', () => removeBundle(paths));
  };
  if (isVolatile) return letGo();
  // Nobody but a next start, or the removal of the files, has to wait until the kernel has written everything out.
  const live = context.live.of(record.id);
  live.released = letGo();
  inBackground(context, `release the root file system of container ${record.id}`, () => live.released);
}

/** Each step is done also when one before it fails; nothing here is worth a lie. */
async function attempt(
  context: Context,
  record: ContainerRecord,
  what: string,
  step: () => Promise<void> | void,
): Promise<void> {
  try {
    await step();
  } catch (error) {
    context.log.error(`cannot ${what} of a container that ended`, { container: record.id, error });
  }
}

function unmountIfThere(path: string): void {
  try {
    unmount(path, { lazy: true });
  } catch (error) {
    if (!['EINVAL', 'ENOENT'].includes(errnoOf(error) ?? '')) throw error;
  }
}
