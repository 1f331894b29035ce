import { existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type Context, pathsOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { reopenLog } from '../runtime/monitor.ts';

/** How often logs are looked at: a log may outgrow its limit by what is written in this time. */
const LOOK_EVERY_MS = 500;
const UNITS: Record<string, number> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/**
 * Rotates the logs of running containers that have `max-size`: LOG becomes LOG.1, LOG.1 becomes LOG.2, … up to
 * `max-file` files in all (default 1: the live one, and the one before it until that has lines of its own). No line is lost: the monitor opens its file anew, on request,
 * between two lines. Returns how to stop.
 */
export function rotateLogs(context: Context): () => void {
  const busy = new Set<string>();
  const timer = setInterval(() => {
    for (const record of context.store.all()) {
      if (record.state.status !== 'running' || busy.has(record.id)) continue;
      const limit = maxSizeOf(record);
      const { logFile, bundle } = pathsOf(context.config, record.id);
      if (limit === undefined) continue;
      const files = maxFilesOf(record);
      const size = sizeOf(logFile);
      // Not sooner: a program that ends right after the rotation would leave an empty log.
      if (files === 1 && size > 0) rmSync(`${logFile}.1`, { force: true });
      if (size <= limit) continue;
      busy.add(record.id);
      rotate(logFile, bundle, files)
        .catch((error) => context.log.warn('cannot rotate a log', { container: record.id, error }))
        .finally(() => busy.delete(record.id));
    }
  }, LOOK_EVERY_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/** Bytes of `max-size`, such as `10m`; undefined: no limit. */
export function maxSizeOf({ spec }: Pick<ContainerRecord, 'spec'>): number | undefined {
  const [, number, unit = ''] =
    /^(\d+(?:\.\d+)?) ?([kmgt]?)/i.exec(spec.hostConfig.LogConfig.Config['max-size'] ?? '') ?? [];
  return number === undefined ? undefined : Math.floor(Number(number) * UNITS[unit.toLowerCase()]!);
}

function maxFilesOf({ spec }: ContainerRecord): number {
  return Number(spec.hostConfig.LogConfig.Config['max-file'] ?? 1);
}

async function rotate(logFile: string, bundle: string, files: number): Promise<void> {
  for (let index = files - 1; index >= 1; index--) {
    const from = index === 1 ? logFile : `${logFile}.${index - 1}`;
    if (index > 1 && existsSync(from)) renameSync(from, `${logFile}.${index}`);
  }
  renameSync(logFile, `${logFile}.1`);
  let reopened = false;
  try {
    await reopenLog(bundle);
    reopened = await appears(logFile); // until then the monitor still writes to the old file
  } finally {
    // A monitor that ended just now has written its last lines to the old file.
    if (!reopened) writeFileSync(logFile, '', { flag: 'a', mode: 0o640 });
  }
}

async function appears(path: string): Promise<boolean> {
  for (let waited = 0; !existsSync(path); waited++) {
    if (waited === 1000) return false;
    await new Promise((next) => setTimeout(next, 1));
  }
  return true;
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
