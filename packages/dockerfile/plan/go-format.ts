import type { ImageHealthcheck } from './config.ts';

/** Go's `%q` of a list: `["sh" "-c"]`, as histories show commands. */
export function goStrings(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(' ')}]`;
}

/** Go's `%+v` of a health check, as histories show it. */
export function goValue(health: ImageHealthcheck): string {
  const { Test, Interval = 0, Timeout = 0, StartPeriod = 0, StartInterval = 0, Retries = 0 } = health;
  const times = { Interval, Timeout, StartPeriod, StartInterval };
  const shown = Object.entries(times).map(([name, time]) => `${name}:${goDuration(time)}`);
  return `{Test:[${Test.join(' ')}] ${shown.join(' ')} Retries:${Retries}}`;
}

/** Go's form of a duration in nanoseconds: `0s`, `1.5s`, `1m30s`, `2h0m0s`, `10ms`. */
export function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e3) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  const whole = Math.floor(nanoseconds / 1e9);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const fraction = String(nanoseconds % 1e9)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const seconds = `${whole % 60}${fraction === '' ? '' : `.${fraction}`}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
