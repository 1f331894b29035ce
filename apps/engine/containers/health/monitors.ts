import { existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { Gate } from '@berth/kit';
import { cgroupProcesses } from '../../linux/cgroup.ts';
import { beganAt, identifyProcess, isRunning } from '../../linux/process.ts';
import { type Context, eventAttributes } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import type { StoreListener } from '../store.ts';
import { afterCheck, atStart, type Check, checkOf, isUnknownForm, pauseBefore, unwatched } from './model.ts';
import { checkDirectory, killFamily, runCheck } from './run-check.ts';

/** Checks that are being started at a time, over all containers: starting is what costs; those that run only wait. */
const STARTING_AT_A_TIME = 8;
/** Longest delay of a JavaScript timer. */
const TIMER_MAX_MS = 2 ** 31 - 1;
/** What checks that were called off are given to end when the engine stops. */
const CLOSE_MS = 3000;

/** Checks of all containers that run. Follows what the store says of them; nobody has to tell it of a start or an end. */
export interface HealthMonitors extends StoreListener {
  /** Goes on with what an earlier engine had begun: states stay, and what it left running is ended. */
  resume(): void;
  /** Stops checking; containers and what was found of them stay. */
  close(): Promise<void>;
}

export function createHealthMonitors(context: Context): HealthMonitors {
  const { health: book } = context;
  const gate = new Gate(STARTING_AT_A_TIME);
  const monitors = new Map<string, Monitor>();

  const begin = (record: ContainerRecord, check: Check, firstDelay?: number) => {
    stop(record.id);
    const monitor = new Monitor(context, record.id, check, gate);
    monitors.set(record.id, monitor);
    monitor.start(firstDelay);
  };
  const stop = (id: string) => {
    monitors.get(id)?.stop();
    return monitors.delete(id);
  };

  return {
    changed(now, before) {
      const wasUp = before.state.status === 'running';
      const isUp = now.state.status === 'running';
      if (wasUp === isUp) return;
      if (!isUp) {
        stop(now.id);
        // Also of one that ended while no engine ran, and was never watched by this one.
        const health = book.of(now.id);
        if (health && health.status !== 'unhealthy') book.set(now.id, unwatched(health));
        return;
      }
      const check = checkOf(now.spec.config);
      if (!check) return warnOfUnknownForm(context, now);
      if (before.state.status !== 'paused') book.set(now.id, atStart(book.of(now.id)));
      begin(now, check);
    },
    deleted(id) {
      stop(id);
      book.forget(id);
    },
    resume() {
      endLeftChecks(context);
      book.keepOnly((id) => context.store.get(id) !== undefined);
      for (const record of context.store.all()) {
        const check = record.state.status === 'running' ? checkOf(record.spec.config) : undefined;
        if (!check || monitors.has(record.id)) continue;
        const health = book.of(record.id) ?? book.set(record.id, atStart(undefined));
        const sinceLast = Date.now() - (health.log.at(-1)?.end ?? startedAt(record));
        begin(record, check, Math.max(0, nextPause(record, check, context) - Math.max(0, sinceLast)));
      }
    },
    async close() {
      const running = [...monitors.values()].map((monitor) => monitor.stop());
      monitors.clear();
      await Promise.race([Promise.all(running), delay(CLOSE_MS, undefined, { ref: false })]);
    },
  };
}

/** The checks of one run of one container, one after the other. */
class Monitor {
  readonly #context: Context;
  readonly #id: string;
  readonly #check: Check;
  readonly #gate: Gate;
  readonly #stopped = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(context: Context, id: string, check: Check, gate: Gate) {
    this.#context = context;
    this.#id = id;
    this.#check = check;
    this.#gate = gate;
  }

  /** `firstDelay` in milliseconds; else the usual time passes before the first check. */
  start(firstDelay?: number): void {
    const record = this.#context.store.get(this.#id);
    if (record) this.#arm(firstDelay ?? nextPause(record, this.#check, this.#context));
  }

  /** A check that runs is killed; resolves when it has ended. */
  stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#stopped.abort();
    return this.#running;
  }

  #arm(wait: number): void {
    this.#timer = setTimeout(
      () => {
        if (wait > TIMER_MAX_MS) this.#arm(wait - TIMER_MAX_MS);
        else this.#running = this.#once();
      },
      Math.min(wait, TIMER_MAX_MS),
    );
  }

  async #once(): Promise<void> {
    const record = this.#context.store.get(this.#id);
    if (!record) return;
    const { signal } = this.#stopped;
    const start = Date.now();
    const result = await runCheck(this.#context, record, this.#check, { gate: this.#gate, signal });
    const now = this.#context.store.get(this.#id);
    // What went down together with its container says nothing of its health.
    if (signal.aborted || !now || (result.exitCode !== 0 && !programRuns(now))) return;
    this.#record(now, { start, end: Date.now(), ...result });
    this.#arm(nextPause(now, this.#check, this.#context));
  }

  #record(record: ContainerRecord, result: Parameters<typeof afterCheck>[1]): void {
    const { health: book, publish } = this.#context;
    book.counts.total++;
    if (result.exitCode !== 0) book.counts.failed++;
    const before = book.of(this.#id) ?? atStart(undefined);
    const after = book.set(this.#id, afterCheck(before, result, this.#check, startedAt(record)));
    if (after.status !== before.status)
      publish('container', `health_status: ${after.status}`, this.#id, eventAttributes(record));
  }
}

function nextPause(record: ContainerRecord, check: Check, { health }: Context): number {
  return pauseBefore(check, health.of(record.id)?.status ?? 'starting', startedAt(record), Date.now());
}

function programRuns({ state }: ContainerRecord): boolean {
  return 'pid' in state && isRunning({ pid: state.pid, startTime: state.pidStartTime });
}

function startedAt({ state }: ContainerRecord): number {
  return 'startedAt' in state ? state.startedAt : 0;
}

function warnOfUnknownForm({ log }: Context, { id, spec }: ContainerRecord): void {
  if (isUnknownForm(spec.config))
    log.warn('a health check is not run: its form is neither CMD nor CMD-SHELL', {
      container: id,
      form: spec.config.Healthcheck?.Test?.[0],
    });
}

/** Ends checks that an engine had begun and did not live to see the end of; nobody would ever stop one that hangs. */
function endLeftChecks(context: Context): void {
  const directory = checkDirectory(context);
  if (!existsSync(directory)) return;
  const files = readdirSync(directory).map((name) => join(directory, name, 'pid'));
  const left = files.flatMap((file) => pidIn(file));
  const processes = left.length === 0 ? [] : cgroupProcesses(context.cgroups, context.config.cgroupParent);
  for (const pid of left) killFamily(pid, processes);
  rmSync(directory, { recursive: true, force: true });
}

function pidIn(file: string): number[] {
  try {
    const process = identifyProcess(Number(readFileSync(file, 'utf8')));
    // The id of a process that began after this was written is another's.
    return process && beganAt(process) <= statSync(file).mtimeMs + 1000 ? [process.pid] : [];
  } catch {
    return []; // not written yet, or the process ended
  }
}
