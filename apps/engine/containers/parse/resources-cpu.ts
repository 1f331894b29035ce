import { readFileSync } from 'node:fs';
import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { ResourceFacts } from './resources.ts';

/** Range of the kernel's cpu.shares. */
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/** Limits of CPU time and sets of CPUs, in place. Errors: invalid. */
export function checkCpu(host: HostConfig, { cpus, limits }: ResourceFacts, warnings: string[]): void {
  checkTime(host, cpus, limits.cpuQuota, warnings);
  if (host.CpuShares < 0) throw invalid(`invalid CPU shares (${host.CpuShares}): value must be a positive integer`);
  if (host.CpuShares > 0 && !limits.cpuShares) {
    warnings.push('Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded.');
    host.CpuShares = 0;
  }
  if (host.CpuShares > 0) host.CpuShares = Math.min(Math.max(host.CpuShares, MIN_SHARES), MAX_SHARES);
  checkRealtime(host, limits.cpuRealtime);
  if ((host.CpusetCpus !== '' || host.CpusetMems !== '') && !limits.cpuset) {
    warnings.push('Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded.');
    host.CpusetCpus = '';
    host.CpusetMems = '';
  }
  checkCpuset('cpuset cpus', host.CpusetCpus, 'CPUs', '/sys/devices/system/cpu/online');
  checkCpuset('cpuset mems', host.CpusetMems, 'memory nodes', '/sys/devices/system/node/online');
}

function checkTime(host: HostConfig, cpus: number, supported: boolean, warnings: string[]): void {
  const { NanoCpus, CpuPeriod, CpuQuota } = host;
  if (NanoCpus > 0 && CpuPeriod > 0) throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  if (NanoCpus > 0 && CpuQuota > 0) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (NanoCpus > 0 && !supported)
    throw invalid(
      'NanoCPUs can not be set, as your kernel does not support CPU CFS scheduler or the cgroup is not mounted',
    );
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9)
    throw invalid(`Range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  if ((CpuPeriod !== 0 || CpuQuota !== 0) && !supported) {
    warnings.push('Your kernel does not support CPU CFS scheduler. CPU period/quota discarded.');
    host.CpuPeriod = 0;
    host.CpuQuota = 0;
    return;
  }
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000))
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  if (CpuQuota > 0 && CpuQuota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
}

/** The part of CPU time that programs of real-time priority may have; version 1 of control groups only. */
function checkRealtime({ CpuRealtimePeriod, CpuRealtimeRuntime }: HostConfig, supported: boolean): void {
  if (CpuRealtimePeriod === 0 && CpuRealtimeRuntime === 0) return;
  if (!supported) throw invalid('kernel does not support CPU real-time scheduler');
  if (CpuRealtimePeriod < 0 || CpuRealtimeRuntime < 0)
    throw invalid('cpu real-time period and runtime must be positive numbers of microseconds');
  if (CpuRealtimePeriod !== 0 && CpuRealtimeRuntime > CpuRealtimePeriod)
    throw invalid('cpu real-time runtime cannot be higher than cpu real-time period');
}

function checkCpuset(field: string, wanted: string, what: string, onlineFile: string): void {
  if (wanted === '') return;
  const ranges = parseCpuList(wanted);
  if (!ranges) throw invalid(`Invalid value ${wanted} for ${field}`);
  const online = readOnline(onlineFile);
  const present = parseCpuList(online) ?? [];
  // A wish may join two neighbouring ranges that are online, so each number is looked up.
  const isPresent = (number: number) => present.some(([first, last]) => first <= number && number <= last);
  for (const [first, last] of ranges) {
    for (let number = first; number <= last; number++) {
      if (!isPresent(number))
        throw invalid(`Requested ${what} are not available - requested ${wanted}, available: ${online}`);
    }
  }
}

/** `0-3,7` as ranges; undefined when it is none. Numbers of five digits and more name no CPU that exists. */
function parseCpuList(text: string): [number, number][] | undefined {
  const ranges: [number, number][] = [];
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d{1,4})(?:-(\d{1,4}))?$/.exec(part) ?? [];
    if (first === undefined || Number(first) > Number(last)) return undefined;
    ranges.push([Number(first), Number(last)]);
  }
  return ranges;
}

function readOnline(file: string): string {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch {
    return '0'; // a kernel without NUMA has no list of nodes, and one node
  }
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
