import { totalmem } from 'node:os';
import type { CgroupHost } from '../../linux/cgroup.ts';
import { readCgroupUsage, readSmall } from '../../linux/cgroup-usage.ts';
import { parseNetDev } from '../../linux/net-dev.ts';
import { EMPTY_SAMPLE, encodeSample } from './encode.ts';

/**
 * One look at a container, as JSON text of the members of Docker's StatsResponse, so that any number of clients gets it
 * for one encoding. `cpu` apart: it is also the `precpu_stats` of the next answer.
 */
export interface Sample {
  /** Milliseconds since the epoch; 0: nothing was read, the container does not run. */
  readAt: number;
  /** An object. */
  cpu: string;
  /** Members with a comma before each: `,"pids_stats":{…},…`. */
  rest: string;
}

/** The CPU time of the whole host and the number of its CPUs, read once for a round of samples. */
export interface HostCpu {
  /** Nanoseconds. */
  total: number;
  online: number;
}

/** What of a running container is looked at. */
export interface SampleTarget {
  cgroup: string;
  /** Its first process; undefined where it has the host's network. */
  networkPid: number | undefined;
}

export function takeSample(host: CgroupHost, target: SampleTarget, cpu: HostCpu, now: number): Sample {
  const usage = readCgroupUsage(host, target.cgroup);
  const links =
    target.networkPid === undefined ? {} : parseNetDev(readSmall(`/proc/${target.networkPid}/net/dev`) ?? '');
  return encodeSample(usage, links, cpu, { version: host.version, hostMemory: totalmem(), now });
}

/** Errors: those of reading /proc/stat. */
export function readHostCpu(): HostCpu {
  return parseHostCpu(readSmall('/proc/stat') ?? '');
}

const NS_PER_TICK = 10_000_000;

/** Text of /proc/stat (proc_stat(5)): user, nice, system, idle, iowait, irq and softirq, as Docker adds them up. */
export function parseHostCpu(text: string): HostCpu {
  const [, ...ticks] = /^cpu .*$/m.exec(text)?.[0].split(/\s+/) ?? [];
  return {
    total: ticks.slice(0, 7).reduce((sum, ticksOfOne) => sum + Number(ticksOfOne), 0) * NS_PER_TICK,
    online: text.match(/^cpu\d+ /gm)?.length ?? 0,
  };
}

export { EMPTY_SAMPLE };
