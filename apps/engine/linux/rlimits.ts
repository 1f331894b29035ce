import { readFileSync } from 'node:fs';

/** Bit of CAP_SYS_RESOURCE (capability.h). */
const CAP_SYS_RESOURCE = 24n;

/** Names as in /proc/PID/limits (proc_pid_limits(5)). */
const ROWS: Readonly<Record<string, string>> = {
  cpu: 'Max cpu time',
  fsize: 'Max file size',
  data: 'Max data size',
  stack: 'Max stack size',
  core: 'Max core file size',
  rss: 'Max resident set',
  nproc: 'Max processes',
  nofile: 'Max open files',
  memlock: 'Max locked memory',
  as: 'Max address space',
  locks: 'Max file locks',
  sigpending: 'Max pending signals',
  msgqueue: 'Max msgqueue size',
  nice: 'Max nice priority',
  rtprio: 'Max realtime priority',
  rttime: 'Max realtime timeout',
};

/** Whether this process may raise the hard limits of its children. */
export function canRaiseLimits(): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0';
  return ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

/** The hard limit of this process by its short name; undefined: unlimited, or no such limit. */
export function ownHardLimit(name: string): number | undefined {
  const row = ROWS[name];
  if (row === undefined) return undefined;
  return parseHardLimit(readFileSync('/proc/self/limits', 'utf8'), row);
}

/** Badness of this process for the OOM killer (proc_pid_oom_score_adj(5)). */
export function ownOomScore(): number {
  return Number(readFileSync('/proc/self/oom_score_adj', 'utf8'));
}

/** From the text of a limits file: name, soft and hard limit. */
export function parseHardLimit(text: string, row: string): number | undefined {
  const line = text.split('\n').find((each) => each.startsWith(row));
  const [, hard] = line?.slice(row.length).trim().split(/\s+/) ?? [];
  return hard === undefined || hard === 'unlimited' ? undefined : Number(hard);
}
