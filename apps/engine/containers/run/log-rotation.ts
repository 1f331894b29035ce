import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf } from '@berth/kit';
import { type Context, pathsOf } from '../context.ts';
import { DEFAULT_FILE_LIMITS, type FileLimits, fileLimits, type LogConfig } from '../log-drivers/index.ts';
import {
  bytesBehind,
  compressFile,
  compressible,
  forgetLines,
  logFiles,
  oldestNeeded,
  trimLog,
} from '../logs/index.ts';
import type { ContainerRecord } from '../model.ts';
import { reopenLog } from '../runtime/monitor.ts';
import { holdProgram } from './hold-up.ts';

/** How often all logs are looked at, in milliseconds, and one that grows fast. */
const LOOK_EVERY = 500;
const SHORTEST = 10;
const FIRST = 50;

/**
 * Keeps the logs of all containers within their bounds (log-drivers/file-options.ts): LOG becomes LOG.N, old ones go,
 * compressed where that was asked for. No line is lost: the monitor opens its file anew, on request, between two lines.
 * Also what was written while no engine ran is brought within bounds.
 */
export function rotateLogs(context: Context): LogRotation {
  const rotation = new Rotation(context);
  rotation.begin();
  return rotation;
}

export interface LogRotation {
  /** A container has begun to run. */
  began(id: string): void;
  stop(): Promise<void>;
}

interface Watched {
  size: number;
  /** Milliseconds, when it had this size. */
  at: number;
  timer: NodeJS.Timeout | undefined;
  busy: boolean;
  /** More is kept than the bounds say, for readers that were slow. */
  untrimmed: boolean;
}

class Rotation implements LogRotation {
  readonly #context: Context;
  readonly #watched = new Map<string, Watched>();
  readonly #underWay = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | undefined;
  /** Programs that wait until more of their log is sent: how to let them go on. */
  readonly #held = new Map<string, () => void>();
  #compressing = false;
  #stopped = false;

  constructor(context: Context) {
    this.#context = context;
  }

  begin(): void {
    // Whatever state a container is in, its log may have grown while no engine ran.
    for (const { id } of this.#context.store.all()) {
      removeUnfinished(pathsOf(this.#context.config, id).logFile);
      this.#look(id);
    }
    this.#timer = setInterval(() => this.#lookAtAll(), LOOK_EVERY);
    this.#timer.unref();
  }

  /** Many programs say most at once: the first half second is looked at more closely. */
  began(id: string): void {
    this.#look(id);
    const watched = this.#watched.get(id);
    if (!watched || watched.busy || watched.timer || this.#stopped) return;
    watched.timer = setTimeout(() => this.#look(id), FIRST);
    watched.timer.unref();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearInterval(this.#timer);
    for (const { timer } of this.#watched.values()) clearTimeout(timer);
    for (const release of this.#held.values()) release();
    await Promise.all(this.#underWay);
  }

  #lookAtAll(): void {
    const { store } = this.#context;
    for (const record of store.all()) if (record.state.status === 'running') this.#look(record.id);
    // Once more after the end: the last lines may have been many.
    for (const id of this.#watched.keys())
      if (store.get(id)?.state.status !== 'running') this.#look(id, { forget: true });
  }

  #look(id: string, { forget = false } = {}): void {
    const record = this.#context.store.get(id);
    const limits = record && limitsOf(record);
    const before = this.#watched.get(id);
    if (before?.busy || this.#stopped) return;
    if (!limits) {
      this.#watched.delete(id);
      this.#held.get(id)?.();
      this.#held.delete(id);
      return;
    }
    const { logFile } = pathsOf(this.#context.config, id);
    const now: Watched = {
      size: sizeOf(logFile),
      at: performance.now(),
      timer: undefined,
      busy: false,
      untrimmed: false,
    };
    clearTimeout(before?.timer);
    if (before?.untrimmed) now.untrimmed = !trimLog(logFile, limits, oldestNeeded(logFile));
    if (forget && !now.untrimmed) this.#watched.delete(id);
    else this.#watched.set(id, now);
    this.#hold(record, logFile, limits);
    if (this.#held.has(id)) return; // the monitor would not hear that it is to open the log anew
    if (now.size > limits.maxSize) this.#rotate(record, limits, now);
    else if (limits.maxFiles === 1 && now.size > 0) dropRotated(logFile);
    else if (!forget) this.#lookSooner(id, limits.maxSize, before, now);
    if (limits.compress) this.#compress(logFile);
  }

  /** Where nothing may be dropped and the files are full of what was not sent, the program has to wait. */
  #hold(record: ContainerRecord, logFile: string, { maxSize, maxFiles }: Bounded): void {
    const at = this.#context.shipping.blocking(record.id);
    const release = this.#held.get(record.id);
    const waiting = at === undefined ? 0 : bytesBehind(logFile, at);
    if (waiting <= maxSize * maxFiles) {
      this.#held.delete(record.id);
      release?.();
    } else if (!release) {
      const held = holdProgram(this.#context, record);
      if (held) this.#held.set(record.id, held);
    }
  }

  /** Looks again when the file will be full at its present speed. */
  #lookSooner(id: string, maxSize: number, before: Watched | undefined, now: Watched): void {
    if (!before || now.size <= before.size) return;
    const perMillisecond = (now.size - before.size) / Math.max(1, now.at - before.at);
    const wait = Math.max(SHORTEST, (maxSize - now.size) / perMillisecond);
    if (wait >= LOOK_EVERY) return;
    now.timer = setTimeout(() => this.#look(id), wait);
    now.timer.unref();
  }

  #rotate(record: ContainerRecord, limits: Bounded, watched: Watched): void {
    watched.busy = true;
    const { logFile, bundle } = pathsOf(this.#context.config, record.id);
    this.#inBackground(async () => {
      try {
        const rotate = async () => {
          const now = this.#context.store.get(record.id)?.state.status;
          if (now !== undefined) await rotateFile(logFile, now === 'running' ? bundle : undefined);
        };
        // One that does not run must not be started meanwhile: its monitor would go on writing to the old file.
        if (record.state.status === 'running') await rotate();
        else await this.#context.lock.run(record.id, rotate);
        watched.untrimmed = !trimLog(logFile, limits, oldestNeeded(logFile));
      } catch (error) {
        if (errnoOf(error) === 'ENOENT' && !this.#context.store.get(record.id)) return; // removed meanwhile
        this.#context.log.warn('cannot rotate a log', { container: record.id, error });
      } finally {
        watched.busy = false;
        // It was written to all the while: its speed is known from here on.
        watched.size = sizeOf(logFile);
        watched.at = performance.now();
        if (this.#watched.get(record.id) === watched && !this.#stopped) {
          watched.timer = setTimeout(() => this.#look(record.id), SHORTEST);
          watched.timer.unref();
        }
      }
    });
  }

  /** One file at a time in the whole engine. */
  #compress(logFile: string): void {
    const file = this.#compressing ? undefined : compressible(logFile, oldestNeeded(logFile));
    if (!file) return;
    this.#compressing = true;
    this.#inBackground(async () => {
      try {
        await compressFile(file);
      } catch (error) {
        if (existsSync(file.path)) this.#context.log.warn('cannot compress a log', { file: file.path, error });
      } finally {
        this.#compressing = false;
      }
    });
  }

  #inBackground(work: () => Promise<void>): void {
    const task = work().finally(() => this.#underWay.delete(task));
    this.#underWay.add(task);
  }
}

type Bounded = FileLimits & { maxSize: number };

/** By the LogConfig that they were read from. */
const known = new WeakMap<LogConfig, FileLimits>();

/** Undefined where nothing is logged, or without bound. */
function limitsOf({ spec }: ContainerRecord): Bounded | undefined {
  const config = spec.hostConfig.LogConfig;
  if (config.Type === 'none') return undefined;
  let limits = known.get(config);
  if (!limits) {
    limits = readLimits(config);
    known.set(config, limits);
  }
  const { maxSize } = limits;
  return maxSize === undefined ? undefined : { ...limits, maxSize };
}

function readLimits(config: LogConfig): FileLimits {
  try {
    return fileLimits(config);
  } catch {
    return DEFAULT_FILE_LIMITS; // of an engine that took other values
  }
}

/** `bundle`: of the monitor that writes the log, undefined when there is none. */
async function rotateFile(logFile: string, bundle: string | undefined): Promise<void> {
  const live = logFiles(logFile).at(-1);
  if (live?.path !== logFile) return;
  renameSync(logFile, `${logFile}.${live.number}`);
  let reopened = false;
  try {
    if (bundle !== undefined) {
      await reopenLog(bundle);
      reopened = await appears(logFile); // until then the monitor still writes to the old file
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error; // the run has ended and its bundle is gone
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

/** With one file only: the one before it goes as soon as the live one has lines. */
function dropRotated(logFile: string): void {
  const needed = oldestNeeded(logFile) ?? Number.POSITIVE_INFINITY;
  const rotated = logFiles(logFile).filter((file) => file.path !== logFile && file.number < needed);
  for (const file of rotated.slice(0, -1)) rmSync(file.path, { force: true });
  const last = rotated.at(-1);
  if (last) forgetLines(last);
}

/** What an engine that was killed left of its work. */
function removeUnfinished(logFile: string): void {
  const directory = dirname(logFile);
  try {
    for (const name of readdirSync(directory))
      if ((name.startsWith(`${basename(logFile)}.`) && name.endsWith('-new')) || name.startsWith('unpacked-'))
        rmSync(join(directory, name), { force: true });
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
