import { mkdirSync } from 'node:fs';
import type { ContainerConfig } from '@berth/contract';
import { BerthError, errnoOf, Scope } from '@berth/kit';
import { ensureDirectoryInRoot } from '../linux/make-in-root.ts';
import type { Sandbox } from '../networks/model.ts';
import { type ContainerPaths, type Context, cgroupOf, eventAttributes, exitDirectory, pathsOf } from './context.ts';
import { watchEnd } from './ended.ts';
import type { ContainerRecord, ContainerState } from './model.ts';
import { type Remap, remapOf } from './remap/remap.ts';
import { removeLocked } from './remove.ts';
import { applyBlockWeights } from './run/block-weights.ts';
import { prepareCgroupParents } from './run/cgroup-parent.ts';
import { joinedNamespaces } from './run/join.ts';
import { killLeftovers } from './run/leftovers.ts';
import { openNetwork } from './run/open-network.ts';
import { prepareMounts } from './run/prepare-mounts.ts';
import { addRequestedDevices } from './run/requested-devices.ts';
import { checkStandardDirectories, mountRootfs, removeBundle, unmountRootfs } from './run/rootfs.ts';
import { needsStaging, stageNestedMounts } from './run/staged-mounts.ts';
import { startFailure } from './run/start-failure.ts';
import { resolveUserInRoot } from './run/user-in-root.ts';
import { verifyMounts } from './run/verify-mounts.ts';
import { forgetExit, launchMonitor, type StartedMonitor } from './runtime/monitor.ts';
import { deleteState, type OciRuntime, startCreated } from './runtime/oci-runtime.ts';
import { applySeccomp, rememberSeccomp } from './runtime/seccomp-cache.ts';
import { runtimeFor } from './runtime/select.ts';
import { buildSpec } from './spec/build.ts';
import { withEngineDefaults } from './spec/engine-defaults.ts';
import { monitorRequest } from './start-ahead.ts';

/**
 * Starts a container that does not run. Errors: not-modified when it runs; conflict when it is paused or being removed;
 * invalid with Docker's sentence when the runtime refuses it (the container then keeps code 126, 127 or 128).
 * The caller holds the container's lock.
 */
export async function startLocked(context: Context, id: string): Promise<void> {
  try {
    await attempt(context, id);
  } catch (error) {
    // One that is to be removed at its end has come to it. A client that waits for the removal would wait for ever.
    const record = context.store.get(id);
    const idle = record?.state.status === 'created' || record?.state.status === 'exited';
    if (idle && record.spec.hostConfig.AutoRemove) await removeLocked(context, id);
    throw error;
  }
}

async function attempt(context: Context, id: string): Promise<void> {
  const record = context.store.get(id);
  if (!record) throw new BerthError('not-found', `No such container: ${id}`);
  checkStartable(record.state);
  const live = context.live.of(id);
  clearTimeout(live.restartTimer);
  live.restartTimer = undefined;
  await live.released;
  await using undo = new Scope();
  try {
    await context.shipping.begin(record, pathsOf(context.config, id).logFile);
    undo.add('let go of the log driver', () => context.shipping.abandon(id));
    const prepared = await prepare(context, withEngineDefaults(context.config, record), undo);
    const { monitor, sandbox, runtime } = prepared;
    const spec = { ...record.spec, config: { ...record.spec.config, ...prepared.names } };
    context.store.save({ ...record, spec, sandbox }); // should the engine die between here and the next save, its successor needs it
    for (const callback of live.onCreated) callback();
    await startCreated(runtime, id);
    undo.release();
    context.store.save({
      ...record,
      spec,
      sandbox,
      stoppedByUser: false,
      state: {
        status: 'running',
        pid: monitor.container.pid,
        pidStartTime: monitor.container.startTime,
        monitorPid: monitor.monitor.pid,
        monitorStartTime: monitor.monitor.startTime,
        startedAt: Date.now(),
        finishedAt: 'finishedAt' in record.state ? record.state.finishedAt : 0,
      },
    });
    live.onEnded(() => context.shipping.ended(id));
    watchEnd(context, id, monitor.ended);
    context.publish('container', 'start', id, eventAttributes(record));
  } catch (error) {
    const failure = startFailure(
      error,
      [...(record.spec.config.Entrypoint ?? []), ...(record.spec.config.Cmd ?? [])][0] ?? '',
    );
    const state: ContainerState =
      'startedAt' in record.state && record.state.startedAt > 0
        ? {
            status: 'exited',
            startedAt: record.state.startedAt,
            finishedAt: Date.now(),
            exitCode: failure.exitCode,
            oomKilled: false,
            error: failure.error.message,
          }
        : { status: 'created', exitCode: failure.exitCode, error: failure.error.message };
    context.store.save({ ...record, sandbox: undefined, state });
    live.letGo();
    throw failure.error;
  }
}

function checkStartable(state: ContainerState): void {
  switch (state.status) {
    case 'running':
      throw new BerthError('not-modified', 'the container is running already');
    case 'paused':
      throw new BerthError('conflict', 'cannot start a paused container, try unpause instead');
    case 'removing':
      throw new BerthError('conflict', 'container is marked for removal and cannot be started');
    case 'dead':
      throw new BerthError('conflict', 'container is dead and cannot be started: remove it');
    case 'created':
    case 'exited':
    case 'restarting':
  }
}

interface Prepared {
  monitor: StartedMonitor;
  sandbox: Sandbox;
  runtime: OciRuntime;
  /** Another container's when its network is joined: exec and inspect have to see the same. */
  names: Pick<ContainerConfig, 'Hostname' | 'Domainname'>;
}

/** Everything up to a process that waits for its start; `undo` takes all of it back. */
async function prepare(context: Context, record: ContainerRecord, undo: Scope): Promise<Prepared> {
  const { config, cgroups } = context;
  const { id, spec } = record;
  const paths = pathsOf(config, id);
  context.warmer.announce();
  const runtime = await runtimeFor(context, spec.hostConfig.Runtime);
  const layers = context.images.layerDirectories(record.imageId);
  const isVolatile = spec.hostConfig.AutoRemove;

  undo.add('remove the bundle', () => removeBundle(paths));
  forgetExit(exitDirectory(config), id); // of an earlier run whose end was saved just before an engine died
  mkdirSync(paths.bundle, { recursive: true, mode: 0o700 });
  const waiting = context.readyMonitors.take(id) ?? launchMonitor(monitorRequest(context, record, runtime));
  undo.add('end the monitor', () => waiting.abandon());
  const remap = remapOf(context.remap, spec.remap);
  mountRootfs(paths, layers, { dataRoot: config.dataRoot, volatile: isVolatile, remap });
  undo.add('unmount the root file system', () => unmountRootfs(paths, { volatile: isVolatile }));
  checkStandardDirectories(paths);
  const { sandbox, paths: filePaths, config: networked } = await openNetwork(context, record, remap?.path, undo);
  const user = resolveUserInRoot(paths.rootfs, spec.config.User, spec.hostConfig.GroupAdd ?? []);
  if (spec.config.WorkingDir !== '') makeWorkingDirectory(paths, spec.config.WorkingDir, remap);
  const { dismantle, ...prepared } = await prepareMounts(context, record, undo);
  const built = buildSpec(networked, spec.hostConfig, {
    paths: filePaths,
    mountPoints: spec.mounts,
    ...prepared,
    user,
    remap,
    networkPath: sandbox.namespacePath,
    joined: joinedNamespaces(context, spec.hostConfig),
    cgroupPath: cgroupOf(config, record),
    cgroupNamespace:
      spec.hostConfig.CgroupnsMode === 'host' || (spec.hostConfig.CgroupnsMode === '' && cgroups.version === 1)
        ? 'host'
        : 'private',
  });
  const requests = spec.hostConfig.DeviceRequests ?? [];
  if (requests.length > 0) await addRequestedDevices(config, built.spec, requests);
  const staged = needsStaging(runtime) ? stageNestedMounts(config, paths.rootfs, id, built.spec.mounts) : undefined;
  if (staged) {
    undo.add('let go of staged mounts', staged.dismantle);
    built.spec.mounts = staged.mounts;
  }
  prepareCgroupParents(context, record, undo);
  const seccomp = applySeccomp(context, runtime, built);
  let monitorEnded: Promise<void> | undefined;
  undo.add('forget the exit file', async () => {
    await monitorEnded;
    forgetExit(exitDirectory(config), id);
  });
  undo.add('remove processes, control group and runtime state', async () => {
    await killLeftovers(cgroups, cgroupOf(config, record));
    deleteState(runtime, id);
  });
  const monitor = await waiting.begin(JSON.stringify(built.spec));
  monitorEnded = monitor.ended;
  staged?.dismantle();
  dismantle();
  verifyMounts(monitor.container.pid, built.spec);
  applyBlockWeights(context, record);
  if (seccomp.learn) await rememberSeccomp(context, runtime, id, seccomp.key);
  const { Hostname, Domainname } = networked;
  return { monitor, sandbox, runtime, names: { Hostname, Domainname } };
}

/** Errors: invalid where links and files of the image are in the way. */
function makeWorkingDirectory(paths: ContainerPaths, directory: string, remap: Remap | undefined): void {
  try {
    const owner = remap && { uid: remap.users.first, gid: remap.groups.first };
    ensureDirectoryInRoot(paths.rootfs, directory, 0o755, owner);
  } catch (cause) {
    if (!['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errnoOf(cause) ?? '')) throw cause;
    throw new BerthError('invalid', `Cannot mkdir: ${directory} is not a directory`, {
      cause,
      hint: 'A part of the working directory is a file, a link to nothing or too long: choose another with --workdir.',
    });
  }
}
