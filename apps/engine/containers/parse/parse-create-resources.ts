import { readFileSync } from 'node:fs';
import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';

/** Smallest memory limit in bytes: below it a container cannot even be set up. */
const MIN_MEMORY = 6 * 1024 * 1024;
/** Range of the kernel's cpu.shares. */
const MIN_SHARES = 2;
const MAX_SHARES = 262_144;

/**
 * Checks limits and brings them into the form in which they hold (in place). Returns warnings.
 * Errors: invalid, with Docker's sentences.
 */
export function checkResources(host: HostConfig, cpus: number, cgroupV2: boolean): string[] {
  const warnings: string[] = [];
  checkMemory(host, cgroupV2, warnings);
  checkCpu(host, cpus, warnings);
  checkCpuset('CpusetCpus', host.CpusetCpus, 'CPUs', '/sys/devices/system/cpu/online');
  checkCpuset('CpusetMems', host.CpusetMems, 'memory nodes', '/sys/devices/system/node/online');
  if (host.BlkioWeight !== 0 && (host.BlkioWeight < 10 || host.BlkioWeight > 1000)) {
    throw invalid('Range of blkio weight is from 10 to 1000');
  }
  if (host.IOMaximumBandwidth !== 0 || host.IOMaximumIOps !== 0) {
    throw invalid('invalid QoS settings: linux does not support Maximum IO Bandwidth or Maximum IO IOps');
  }
  if (host.PidsLimit !== null && host.PidsLimit <= 0) host.PidsLimit = null;
  checkUlimits(host);
  checkDevices(host);
  return warnings;
}

function checkMemory(host: HostConfig, cgroupV2: boolean, warnings: string[]): void {
  if (host.MemorySwappiness === -1) host.MemorySwappiness = null;
  const { Memory, MemorySwap, MemoryReservation, MemorySwappiness } = host;
  if (Memory !== 0 && Memory < MIN_MEMORY) throw invalid('Minimum memory limit allowed is 6MB');
  if (Memory > 0 && MemorySwap > 0 && MemorySwap < Memory) {
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  }
  if (Memory === 0 && MemorySwap > 0) {
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
  }
  if (MemorySwap < -1) throw invalid(`invalid memoryswap limit: ${MemorySwap}`);
  if (MemorySwappiness !== null && (MemorySwappiness < 0 || MemorySwappiness > 100)) {
    throw invalid(`Invalid value: ${MemorySwappiness}, valid memory swappiness range is 0-100`);
  }
  if (MemoryReservation !== 0 && MemoryReservation < MIN_MEMORY) {
    throw invalid('Minimum memory reservation allowed is 6MB');
  }
  if (Memory > 0 && MemoryReservation > Memory) {
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
  }
  if (Memory > 0 && MemorySwap === 0) host.MemorySwap = Memory * 2;
  if (cgroupV2) discardForV2(host, warnings);
  else if (host.OomKillDisable && Memory === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
  if (!cgroupV2) host.OomKillDisable ??= false;
}

/** Version 2 of cgroups has neither swappiness nor a switch for the OOM killer. */
function discardForV2(host: HostConfig, warnings: string[]): void {
  if (host.MemorySwappiness !== null) {
    warnings.push(
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
    );
  }
  if (host.OomKillDisable) {
    warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
  }
  host.MemorySwappiness = null;
  host.OomKillDisable = null;
}

function checkCpu(host: HostConfig, cpus: number, warnings: string[]): void {
  const { NanoCpus, CpuPeriod, CpuQuota } = host;
  if (NanoCpus > 0 && CpuPeriod > 0) {
    throw invalid('Conflicting options: Nano CPUs and CPU Period cannot both be set');
  }
  if (NanoCpus > 0 && CpuQuota > 0) throw invalid('Conflicting options: Nano CPUs and CPU Quota cannot both be set');
  if (NanoCpus < 0 || NanoCpus > cpus * 1e9) {
    throw invalid(`Range of CPUs is from 0.01 to ${cpus}.00, as there are only ${cpus} CPUs available`);
  }
  if (CpuPeriod !== 0 && (CpuPeriod < 1000 || CpuPeriod > 1_000_000)) {
    throw invalid('CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)');
  }
  if (CpuQuota > 0 && CpuQuota < 1000) throw invalid('CPU cfs quota can not be less than 1ms (i.e. 1000)');
  if (host.CpuShares < 0) throw invalid(`invalid CPU shares (${host.CpuShares}): value must be a positive integer`);
  if (host.CpuShares > 0) host.CpuShares = Math.min(Math.max(host.CpuShares, MIN_SHARES), MAX_SHARES);
  if (host.CpuPercent > 0) {
    warnings.push('linux does not support CPU percent. Percent discarded.');
    host.CpuPercent = 0;
  }
}

function checkCpuset(field: 'CpusetCpus' | 'CpusetMems', wanted: string, what: string, onlineFile: string): void {
  if (wanted === '') return;
  const ranges = parseCpuList(wanted);
  if (!ranges) throw invalid(`Invalid value ${wanted} for ${field === 'CpusetCpus' ? 'cpuset cpus' : 'cpuset mems'}`);
  const online = readOnline(onlineFile);
  const present = parseCpuList(online) ?? [];
  // A wish may join two neighbouring ranges that are online, so each number is looked up.
  const isPresent = (number: number) => present.some(([first, last]) => first <= number && number <= last);
  for (const [first, last] of ranges) {
    for (let number = first; number <= last; number++) {
      if (!isPresent(number)) {
        throw invalid(`Requested ${what} are not available - requested ${wanted}, available: ${online}`);
      }
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

const ULIMITS =
  /^(core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack|as)$/;

function checkUlimits(host: HostConfig): void {
  for (const { Name, Soft, Hard } of host.Ulimits ?? []) {
    if (!ULIMITS.test(Name)) throw invalid(`invalid ulimit type: ${Name}`);
    const unlimited = Hard === -1;
    if (Soft < -1 || Hard < -1) throw invalid(`invalid ulimit ${Name}: ${Soft}:${Hard}`);
    if (!unlimited && (Soft > Hard || Soft === -1)) {
      throw invalid(`ulimit soft limit must be less than or equal to hard limit: ${Soft} > ${Hard}`);
    }
  }
}

function checkDevices(host: HostConfig): void {
  for (const device of host.Devices ?? []) {
    device.PathInContainer ||= device.PathOnHost;
    device.CgroupPermissions ||= 'rwm';
    const { PathOnHost, PathInContainer, CgroupPermissions } = device;
    if (!PathOnHost.startsWith('/') || PathOnHost.includes('\0')) throw invalid(`invalid device path: ${PathOnHost}`);
    if (!PathInContainer.startsWith('/') || PathInContainer.includes('\0')) {
      throw invalid(`invalid device path: ${PathInContainer}`);
    }
    if (!/^[rwm]{1,3}$/.test(CgroupPermissions)) throw invalid(`invalid device mode: ${CgroupPermissions}`);
  }
  for (const rule of host.DeviceCgroupRules ?? []) {
    if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(rule))
      throw invalid(`invalid device cgroup rule format: '${rule}'`);
  }
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
