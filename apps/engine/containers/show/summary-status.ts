import type { HealthStatus } from '../health/index.ts';
import type { ContainerState } from '../model.ts';

/** The sentence in `ps`: `Up 5 seconds`, `Exited (0) 3 minutes ago`, … `now`: milliseconds since the epoch. */
export function statusText(state: ContainerState, now: number, health?: HealthStatus): string {
  switch (state.status) {
    case 'created':
      return 'Created';
    case 'running':
      return `Up ${durationText(now - state.startedAt)}${healthText(health)}`;
    case 'paused':
      return `Up ${durationText(now - state.startedAt)} (Paused)`;
    case 'restarting':
      return `Restarting (${state.exitCode}) ${durationText(now - state.finishedAt)} ago`;
    case 'exited':
      return `Exited (${state.exitCode}) ${durationText(now - state.finishedAt)} ago`;
    case 'removing':
      return 'Removal In Progress';
    case 'dead':
      return 'Dead';
  }
}

function healthText(health: HealthStatus | undefined): string {
  if (!health) return '';
  return health === 'starting' ? ' (health: starting)' : ` (${health})`;
}

/** Steps of Docker's rounding: hours below `limit` are told in units of `hours`. */
const UNITS = [
  { limit: 48, hours: 1, name: 'hours' },
  { limit: 24 * 7 * 2, hours: 24, name: 'days' },
  { limit: 24 * 30 * 2, hours: 24 * 7, name: 'weeks' },
  { limit: 24 * 365 * 2, hours: 24 * 30, name: 'months' },
  { limit: Number.POSITIVE_INFINITY, hours: 24 * 365, name: 'years' },
];

/** A time span as Docker tells it. */
export function durationText(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds < 1) return 'Less than a second';
  if (seconds === 1) return '1 second';
  if (seconds < 60) return `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  if (minutes === 1) return 'About a minute';
  if (minutes < 60) return `${minutes} minutes`;
  const hours = Math.round(milliseconds / 3_600_000);
  if (hours === 1) return 'About an hour';
  const unit = UNITS.find(({ limit }) => hours < limit)!;
  return `${Math.floor(hours / unit.hours)} ${unit.name}`;
}
