import { readFileSync } from 'node:fs';

/** A process named so that a reused process id is never taken for it. */
export interface ProcessIdentity {
  pid: number;
  /** Field 22 of /proc/PID/stat: clock ticks after boot (proc_pid_stat(5)). */
  startTime: number;
}

/** The identity of a running process, or undefined when there is none (a zombie counts as none). */
export function identifyProcess(pid: number): ProcessIdentity | undefined {
  const stat = readStat(pid);
  if (!stat || stat.state === 'Z' || stat.state === 'X') return undefined;
  return { pid, startTime: stat.startTime };
}

/** True while this very process runs. */
export function isRunning(process: ProcessIdentity): boolean {
  return process.pid > 0 && identifyProcess(process.pid)?.startTime === process.startTime;
}

/** Clock ticks of /proc in a second (USER_HZ), the same on all of Linux. */
const TICKS_PER_SECOND = 100;

/** When a process began, in milliseconds since the epoch, give or take a few. */
export function beganAt({ startTime }: ProcessIdentity): number {
  const uptime = Number(readFileSync('/proc/uptime', 'latin1').split(' ')[0]);
  return Date.now() - uptime * 1000 + (startTime * 1000) / TICKS_PER_SECOND;
}

/** All of `candidates` that descend from a process, itself included; parents that have ended are not seen. */
export function familyOf(pid: number, candidates: readonly number[]): number[] {
  const parents = new Map(candidates.map((candidate) => [candidate, readStat(candidate)?.parent ?? 0]));
  const family = new Set([pid]);
  for (let grown = -1; grown !== family.size; ) {
    grown = family.size;
    for (const [candidate, parent] of parents) if (family.has(parent)) family.add(candidate);
  }
  return [...family];
}

function readStat(pid: number): { state: string; parent: number; startTime: number } | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined; // no such process
  }
  // The name in parentheses may hold anything, also spaces and parentheses: count from its end.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { state: fields[0] ?? '', parent: Number(fields[1]), startTime: Number(fields[19]) };
}
