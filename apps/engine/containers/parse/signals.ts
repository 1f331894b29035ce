import { BerthError } from '@berth/kit';

/** Signal numbers of Linux on the architectures that we run on (x86-64, arm64). */
const NUMBERS: Record<string, number> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  IOT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  POLL: 29,
  PWR: 30,
  SYS: 31,
};

const SIGTERM = 15;

/** First and last real-time signal as the C library counts them. */
const RTMIN = 34;
const RTMAX = 64;

/**
 * The number of a signal given as `SIGTERM`, `TERM`, `term`, `15`, `RTMIN+3` or `RTMAX-1`.
 * Errors: invalid (`invalid signal: x`, `the linux daemon does not support signal 99`).
 */
export function parseSignal(signal: string): number {
  const number = /^\d{1,3}$/.test(signal) ? Number(signal) : numberOfName(signal.toUpperCase().replace(/^SIG/, ''));
  if (number === undefined || number < 1) throw new BerthError('invalid', `invalid signal: ${signal}`);
  if (number > RTMAX) throw new BerthError('invalid', `the linux daemon does not support signal ${number}`);
  return number;
}

/** The signal that stops a container. An image may name one that does not exist: SIGTERM then, as with Docker. */
export function stopSignalOf({ StopSignal }: { StopSignal?: string }): number {
  try {
    return StopSignal ? parseSignal(StopSignal) : SIGTERM;
  } catch {
    return SIGTERM;
  }
}

/** The signal that ended a process with this exit code (128 + n), or undefined when it ended by itself. */
export function signalOfExitCode(exitCode: number): number | undefined {
  return exitCode > 128 && exitCode <= 128 + RTMAX ? exitCode - 128 : undefined;
}

/** `SIGTERM` for 15, `SIGRTMIN+3` for 37; the number itself when it has no name. */
export function signalName(number: number): string {
  const name = Object.keys(NUMBERS).find((key) => NUMBERS[key] === number);
  if (name) return `SIG${name}`;
  return number >= RTMIN && number <= RTMAX ? `SIGRTMIN+${number - RTMIN}` : String(number);
}

function numberOfName(name: string): number | undefined {
  if (Object.hasOwn(NUMBERS, name)) return NUMBERS[name];
  const realTime = /^RT(MIN|MAX)(?:([+-])(\d{1,2}))?$/.exec(name);
  if (!realTime) return undefined;
  const [, base, sign, digits = '0'] = realTime;
  if (sign !== undefined && sign !== (base === 'MIN' ? '+' : '-')) return undefined;
  const number = base === 'MIN' ? RTMIN + Number(digits) : RTMAX - Number(digits);
  return number >= RTMIN && number <= RTMAX ? number : undefined;
}
