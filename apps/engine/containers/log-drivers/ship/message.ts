/** One line of a container's output, on its way to a log server. */
export interface Message {
  stderr: boolean;
  /** When the monitor read it: seconds since the epoch and nanoseconds beyond. */
  seconds: number;
  nanoseconds: number;
  /** Without its newline; at most LONGEST_LINE bytes. */
  line: Buffer;
  /** Of a line that is longer and so comes in several messages: which line, which part of it. */
  part: { id: string; ordinal: number; last: boolean } | undefined;
}

/** Docker's size of a message: longer lines are sent in parts. */
export const LONGEST_LINE = 16 * 1024;

/** Milliseconds since the epoch. */
export function millisecondsOf({ seconds, nanoseconds }: Message): number {
  return seconds * 1000 + Math.floor(nanoseconds / 1e6);
}

/** RFC 3339 in UTC with nanoseconds, as Go writes it: without zeros at the end. */
export function timeText({ seconds, nanoseconds }: Message): string {
  const fraction = String(nanoseconds).padStart(9, '0').replace(/0+$/, '');
  return `${new Date(seconds * 1000).toISOString().slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}
