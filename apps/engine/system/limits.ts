import type { CgroupHost } from '../linux/cgroup.ts';
import { type CgroupLimits, probeCgroupLimits } from '../linux/cgroup-limits.ts';
import type { LimitSupport } from './model.ts';

/** Which limits this kernel has, under the names of `info`. */
export function limitSupport(limits: CgroupLimits): LimitSupport {
  return {
    MemoryLimit: limits.memory,
    SwapLimit: limits.swap,
    ...(limits.kernelTcpMemory && { KernelMemoryTCP: true }),
    CpuCfsPeriod: limits.cpuQuota,
    CpuCfsQuota: limits.cpuQuota,
    CPUShares: limits.cpuShares,
    CPUSet: limits.cpuset,
    PidsLimit: limits.pids,
    OomKillDisable: limits.oomKillDisable,
  };
}

/** Docker's sentences for limits that are missing; some are missed on one version of control groups only. */
export function limitWarnings(limits: CgroupLimits, version: 1 | 2): string[] {
  const missing: [boolean, string][] = [
    [limits.memory, 'memory limit'],
    [limits.swap, 'swap limit'],
    [limits.oomKillDisable || version === 2, 'oom kill disable'],
    [limits.cpuQuota, 'cpu cfs quota'],
    [limits.cpuQuota, 'cpu cfs period'],
    [limits.cpuShares, 'cpu shares'],
    [limits.cpuset, 'cpuset'],
    [limits.pids, 'pids limit'],
    [limits.blockWeight || version === 1, 'blkio weight'],
    [limits.blockWeightDevice || version === 1, 'blkio weight_device'],
    [limits.blockReadBps, 'blkio throttle.read_bps_device'],
    [limits.blockWriteBps, 'blkio throttle.write_bps_device'],
    [limits.blockReadIops, 'blkio throttle.read_iops_device'],
    [limits.blockWriteIops, 'blkio throttle.write_iops_device'],
  ];
  return missing.filter(([there]) => !there).map(([, what]) => `WARNING: No ${what} support`);
}

/** Both of this host, for `info`. */
export function describeLimits(cgroups: CgroupHost): { limits: LimitSupport; warnings: string[] } {
  const limits = probeCgroupLimits(cgroups);
  return { limits: limitSupport(limits), warnings: limitWarnings(limits, cgroups.version) };
}
