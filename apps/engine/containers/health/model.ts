import type { ContainerConfig, HealthcheckConfig } from '@berth/contract';

export type HealthStatus = 'starting' | 'healthy' | 'unhealthy';

/** One check that was made. Times in milliseconds since the epoch. */
export interface CheckResult {
  start: number;
  end: number;
  /** 0 is healthy; -1 when the check could not be run or took too long. */
  exitCode: number;
  output: string;
}

/** What checks have found of one container, kept over its runs and over the engine's. */
export interface Health {
  status: HealthStatus;
  failingStreak: number;
  /** The newest last. */
  log: CheckResult[];
}

/** A check as it is run, defaults filled in. Times in milliseconds. */
export interface Check {
  command: string[];
  interval: number;
  timeout: number;
  startPeriod: number;
  startInterval: number;
  retries: number;
}

/** Docker's defaults. */
const INTERVAL_MS = 30_000;
const TIMEOUT_MS = 30_000;
const START_INTERVAL_MS = 5_000;
const RETRIES = 3;
/** Results that are kept. */
const LOG_LENGTH = 5;
const NANOSECONDS_IN_MS = 1e6;
const SHORTEST_MS = 1;

/** The check that a container asks for, or undefined: none, or one of a form that is not known (`isUnknownForm`). */
export function checkOf(config: ContainerConfig): Check | undefined {
  const wish = config.Healthcheck;
  const command = wish && commandOf(wish, config.Shell);
  if (!command) return undefined;
  // What comes with an image was never refused for being too short, or negative.
  const milliseconds = (nanoseconds: number | undefined, otherwise: number) =>
    nanoseconds ? Math.max(SHORTEST_MS, nanoseconds / NANOSECONDS_IN_MS) : otherwise;
  return {
    command,
    interval: milliseconds(wish.Interval, INTERVAL_MS),
    timeout: milliseconds(wish.Timeout, TIMEOUT_MS),
    startPeriod: milliseconds(wish.StartPeriod, 0),
    startInterval: milliseconds(wish.StartInterval, START_INTERVAL_MS),
    retries: wish.Retries && wish.Retries > 0 ? wish.Retries : RETRIES,
  };
}

function commandOf({ Test = [] }: HealthcheckConfig, shell: string[] | undefined): string[] | undefined {
  const [form, ...words] = Test;
  if (form === 'CMD') return words;
  if (form === 'CMD-SHELL') return [...(shell?.length ? shell : ['/bin/sh', '-c']), ...words];
  return undefined;
}

/** A form that Docker passes over with a line in its log: the container is never checked. */
export function isUnknownForm({ Healthcheck }: ContainerConfig): boolean {
  const form = Healthcheck?.Test?.[0];
  return form !== undefined && !['', 'NONE', 'CMD', 'CMD-SHELL'].includes(form);
}

/** At the start of a run. What was found in earlier ones stays in the log. */
export function atStart(before: Health | undefined): Health {
  return { status: 'starting', failingStreak: 0, log: before?.log ?? [] };
}

/** While nothing is checked: a container that is paused or has ended counts as unhealthy. */
export function unwatched(before: Health): Health {
  return { ...before, status: 'unhealthy' };
}

/** Takes in one more result of a container that runs since `startedAt`. */
export function afterCheck(before: Health, result: CheckResult, check: Check, startedAt: number): Health {
  const log = [...before.log, result].slice(-LOG_LENGTH);
  if (result.exitCode === 0) return { status: 'healthy', failingStreak: 0, log };
  if (before.status === 'starting' && result.start - startedAt < check.startPeriod) return { ...before, log };
  const failingStreak = before.failingStreak + 1;
  return { status: failingStreak >= check.retries ? 'unhealthy' : before.status, failingStreak, log };
}

/** How long after one check the next is due; `now` in milliseconds since the epoch. */
export function pauseBefore(check: Check, status: HealthStatus, startedAt: number, now: number): number {
  return now - startedAt < check.startPeriod && status === 'starting' ? check.startInterval : check.interval;
}
