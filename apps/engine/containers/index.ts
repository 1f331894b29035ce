import { BerthError, KeyedLock, type Logger } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import type { Publish } from '../events/model.ts';
import type { ImageSource, ImageUsers } from '../images/model.ts';
import { probeCgroupLimits } from '../linux/cgroup-limits.ts';
import { createCgroupWarmer } from '../linux/cgroup-warmer.ts';
import type { NetworkUsers, SandboxProvider } from '../networks/model.ts';
import type { Database } from '../state/database.ts';
import type { LiveVolumes, VolumeSource, VolumeUsers } from '../volumes/index.ts';
import { attach } from './attach.ts';
import { type BuildSteps, buildSteps, endBuildSteps } from './build-steps.ts';
import { changes } from './changes.ts';
import { commit } from './commit.ts';
import { networkUsers } from './connect-network.ts';
import { type Context, inBackground, pathsOf } from './context.ts';
import { copyIn } from './copy-in.ts';
import { copyOut } from './copy-out.ts';
import { create } from './create.ts';
import { execCreate, execInspect, execResize, execStart } from './exec/exec.ts';
import { ExecRegistry } from './exec/exec-registry.ts';
import { ReadyExecs } from './exec/ready.ts';
import { exportContainer } from './export.ts';
import { createFileAccess } from './files/file-access.ts';
import { createHealthMonitors, HealthBook } from './health/index.ts';
import { inspect } from './inspect.ts';
import { kill } from './kill.ts';
import { list } from './list.ts';
import { LiveRegistry } from './live.ts';
import { createShipping } from './log-drivers/index.ts';
import { logs } from './logs.ts';
import { adoptOldMounts } from './mounts/adopt.ts';
import { freezeUsers, thawLeftovers } from './mounts/freeze.ts';
import { liveVolumes, refreshUsers, userCounts, usersOf } from './mounts/users.ts';
import { pause, unpause } from './pause.ts';
import { prune } from './prune.ts';
import { reconcile } from './reconcile.ts';
import type { Remap } from './remap/remap.ts';
import { remove } from './remove.ts';
import { rename } from './rename.ts';
import { resize } from './resize.ts';
import { restart } from './restart.ts';
import { beginAnew } from './restart-policy.ts';
import { type LogRotation, rotateLogs } from './run/log-rotation.ts';
import type { ProbeResult } from './runtime/probe.ts';
import { ReadyMonitors } from './runtime/ready-monitors.ts';
import { runtimeFor } from './runtime/select.ts';
import type { ContainerService } from './service.ts';
import { startLocked } from './start.ts';
import { forgetStart } from './start-ahead.ts';
import { stat } from './stat.ts';
import { createSampler, stats } from './stats.ts';
import { isActive, stop } from './stop.ts';
import { ContainerStore } from './store.ts';
import { top } from './top.ts';
import { update } from './update.ts';
import { wait } from './wait.ts';

export type { BuildSteps, StepLayer, StepRequest } from './build-steps.ts';
export { describeLogBound, LOG_DRIVERS } from './log-drivers/index.ts';
export { openRemap } from './remap/remap.ts';
export { probeRuntime } from './runtime/probe.ts';
export type * from './service.ts';
export { checkEngineDefaults } from './spec/engine-defaults.ts';

/** All containers of one engine. `recover` comes first, then the service works, then `resume`. */
export interface Containers extends ImageUsers, VolumeUsers {
  /** What networks ask of containers. */
  readonly networkUsers: NetworkUsers;
  readonly service: ContainerService;
  /** What builds ask of containers. */
  readonly buildSteps: BuildSteps;
  /** Finds what runs, takes down what ended, tells networks what to keep. */
  recover(): Promise<void>;
  /** A client has come: it may want to start something. */
  expect(): void;
  /** Health checks that were made since this engine started. */
  healthChecks(): { total: number; failed: number };
  /**
   * Whether containers could run with these settings; resolves to what is to be done when they hold. Errors: invalid,
   * unavailable (default runtime).
   */
  checkReload(next: EngineConfig): Promise<() => void>;
  /** Starts what restart policies ask for. */
  resume(): void;
  /** Lets go of containers, which go on; waits for what is under way. */
  close(): Promise<void>;
}

export function createContainers(parts: {
  config: EngineConfig;
  db: Database;
  log: Logger;
  publish: Publish;
  images: ImageSource;
  networks: SandboxProvider;
  volumes: VolumeSource & { reconcile(live: readonly LiveVolumes[]): Promise<void> };
  /** Address by which containers reach the host (`host-gateway`). */
  hostGateway: () => string[];
  probe: ProbeResult;
  remap: Remap | undefined;
}): Containers {
  const { probe, networks, volumes } = parts;
  const store = new ContainerStore(parts.db);
  let rotation: LogRotation | undefined;
  const cgroups = probe.cgroups;
  const context: Context = {
    ...parts,
    publish(type, action, actorId, attributes) {
      parts.publish(type, action, actorId, attributes);
      if (type === 'container' && action === 'start') rotation?.began(actorId);
    },
    store,
    runtimes: new Map([[probe.runtime.name, probe.runtime]]),
    defaultRuntime: probe.runtime,
    cgroups,
    limits: probeCgroupLimits(cgroups),
    warmer: createCgroupWarmer(cgroups),
    lock: new KeyedLock(),
    live: new LiveRegistry(),
    execs: new ExecRegistry(),
    readyExecs: new ReadyExecs(),
    health: new HealthBook(parts.db),
    readyMonitors: new ReadyMonitors((id) => context.lock.run(id, () => forgetStart(context, id))),
    files: createFileAccess(),
    sampler: createSampler({ ...parts, store, cgroups }),
    shipping: createShipping(parts.log),
    background: new Set(),
    keepOnce: new Set(),
    serving: false,
    closing: false,
  };
  const monitors = createHealthMonitors(context);
  store.listeners.push(monitors);
  let found: ReturnType<typeof reconcile> | undefined;
  return {
    service: createService(context),
    buildSteps: buildSteps(context),
    networkUsers: networkUsers(context),
    containersOf: (imageId) =>
      [...store.all()]
        .filter((record) => record.imageId === imageId || record.spec.mounts.some((mount) => mount.id === imageId))
        .map((record) => ({ id: record.id, name: record.name, running: isActive(record) })),
    usersOf: (volumeId) => usersOf(context, volumeId),
    userCounts: () => userCounts(context),
    renamed: (volumeId) => refreshUsers(context, volumeId),
    freeze: (volumeId) => freezeUsers(context, volumeId),
    healthChecks: () => context.health.counts,
    checkReload: async (next) => {
      await runtimeFor({ ...context, config: next, runtimes: new Map(context.runtimes) }, '');
      // Those wait with a runtime that may not be the default any more.
      return () => {
        for (const id of context.readyMonitors.ids())
          inBackground(context, 'let go of a prepared start', () =>
            context.lock.run(id, () => forgetStart(context, id)),
          );
      };
    },
    async recover() {
      await thawLeftovers(context);
      adoptOldMounts(context);
      const live = liveVolumes(context);
      found = reconcile(context);
      await networks.reconcile(found.live);
      await volumes.reconcile(live);
      await found.settle();
      await endBuildSteps(context);
    },
    expect: () => context.warmer.expect(),
    resume: () => {
      context.serving = true;
      monitors.resume();
      resumeShipping(context);
      found?.resume();
      rotation = rotateLogs(context);
    },
    async close() {
      context.closing = true;
      await rotation?.stop();
      await context.shipping.close();
      context.live.close();
      await monitors.close();
      context.sampler.close();
      context.warmer.close();
      await context.files.close();
      await context.readyExecs.close();
      await Promise.all(context.readyMonitors.ids().map((id) => forgetStart(context, id)));
      await context.lock.idle();
      await Promise.all(context.background);
    },
  };
}

/** Logs of which something was not sent when the engine before this one ended, and those that grow. */
function resumeShipping(context: Context): void {
  for (const record of context.store.all()) {
    const running = record.state.status === 'running' || record.state.status === 'paused';
    context.shipping.resume(record, pathsOf(context.config, record.id).logFile, running);
    if (running) context.live.of(record.id).onEnded(() => context.shipping.ended(record.id));
  }
}

function createService(context: Context): ContainerService {
  return {
    create: create(context),
    start: (name) => {
      const { id } = context.store.resolve(name);
      return context.lock.run(id, () => {
        // Between two runs counts as running: its policy starts it when it is due.
        if (context.store.get(id)?.state.status === 'restarting')
          throw new BerthError('not-modified', 'the container is being restarted by its policy');
        beginAnew(context, id);
        return startLocked(context, id);
      });
    },
    stop: stop(context),
    restart: restart(context),
    kill: kill(context),
    remove: remove(context),
    rename: rename(context),
    pause: pause(context),
    unpause: unpause(context),
    wait: wait(context),
    list: list(context),
    inspect: inspect(context),
    top: top(context),
    stats: stats(context),
    update: update(context),
    prune: prune(context),
    logs: logs(context),
    resize: resize(context),
    attach: attach(context),
    execCreate: execCreate(context),
    execStart: execStart(context),
    execResize: execResize(context),
    execInspect: execInspect(context),
    stat: stat(context),
    copyOut: copyOut(context),
    copyIn: copyIn(context),
    export: exportContainer(context),
    changes: changes(context),
    commit: commit(context),
    counts: () => counts(context),
  };
}

function counts(context: Context): ReturnType<ContainerService['counts']> {
  const sum = { total: 0, running: 0, paused: 0, stopped: 0 };
  for (const { state } of context.store.all()) {
    sum.total++;
    if (state.status === 'running') sum.running++;
    else if (state.status === 'paused') sum.paused++;
    else sum.stopped++;
  }
  return sum;
}
