import { CliError } from './cli-error.ts';
import { parseDuration } from './flags/duration.ts';

/** As `parseMoment`, of now. Errors: CliError, naming the flag where one is given. */
export function readMoment(text: string, flag?: string): string {
  try {
    return parseMoment(text, Date.now());
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(flag === undefined ? reason : `invalid value for "${flag}": ${reason}`);
  }
}

/**
 * A point in time as Docker's flags take it, to seconds since the epoch with nine digits of fraction, as the API takes
 * it: a duration before now (`42m`), RFC 3339 or a shorter date (local time without a zone), or seconds since the epoch.
 * '' stays ''. `now` in milliseconds. Throws with the reason.
 */
export function parseMoment(text: string, now: number): string {
  if (text === '') return '';
  const before = tryDuration(text);
  if (before !== undefined) return seconds(now - before / 1e6);
  if (/^\d+(\.\d+)?$/.test(text)) return text;
  const match = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2})(?::(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?)?(Z|[+-]\d{2}:\d{2})?$/.exec(
    text,
  );
  const [, date, hour = '00', minute = '00', second = '00', fraction = '', zone = ''] = match ?? [];
  const time = Date.parse(`${date}T${hour}:${minute}:${second}${zone}`);
  if (!match || Number.isNaN(time))
    throw new Error(`failed to parse value as time or duration: ${JSON.stringify(text)}`);
  return `${Math.floor(time / 1000)}.${fraction.padEnd(9, '0')}`;
}

function tryDuration(text: string): number | undefined {
  try {
    return parseDuration(text);
  } catch {
    return undefined; // a date or a number then
  }
}

function seconds(milliseconds: number): string {
  const whole = Math.floor(milliseconds / 1000);
  return `${whole}.${String(Math.round((milliseconds - whole * 1000) * 1e6)).padStart(9, '0')}`;
}
