import { mkdirSync } from 'node:fs';
import { type Context, exitDirectory, inBackground, pathsOf } from './context.ts';
import type { ContainerRecord } from './model.ts';
import { removeBundle } from './run/rootfs.ts';
import { launchMonitor, type MonitorRequest } from './runtime/monitor.ts';
import type { OciRuntime } from './runtime/oci-runtime.ts';
import { runtimeFor } from './runtime/select.ts';

/** What the monitor of a container is told; nothing in it changes between create and start. */
export function monitorRequest(context: Context, { id, spec }: ContainerRecord, runtime: OciRuntime): MonitorRequest {
  const { config, hostConfig } = spec;
  const paths = pathsOf(context.config, id);
  return {
    id,
    bundle: paths.bundle,
    exitDirectory: exitDirectory(context.config),
    runtime,
    tty: config.Tty,
    openStdin: config.OpenStdin,
    stdinOnce: config.StdinOnce,
    logPath: hostConfig.LogConfig.Type === 'none' ? undefined : paths.logFile,
  };
}

/** Starts the monitor of a container that was just created, after the answer; it waits a moment for the start. */
export function expectStart(context: Context, id: string): void {
  setImmediate(() =>
    inBackground(context, `prepare the start of container ${id}`, () =>
      context.lock.run(id, async () => {
        const record = context.store.get(id);
        if (record?.state.status !== 'created' || context.closing) return;
        const runtime = await runtimeFor(context, record.spec.hostConfig.Runtime);
        if (runtime.fifo === undefined) return; // nothing of it could be done ahead
        mkdirSync(pathsOf(context.config, id).bundle, { recursive: true, mode: 0o700 });
        context.readyMonitors.prepare(id, () => launchMonitor(monitorRequest(context, record, runtime)));
      }),
    ),
  );
}

/** Takes back what `expectStart` did. The caller holds the container's lock, or nobody can start it any more. */
export async function forgetStart(context: Context, id: string): Promise<void> {
  if (await context.readyMonitors.drop(id)) removeBundle(pathsOf(context.config, id));
}
