import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupHost } from '../linux/cgroup.ts';
import type { LimitSupport } from './model.ts';

/** Looks which limits this kernel has: the files that a container's limits are written to. */
export function probeLimits(cgroups: CgroupHost): LimitSupport {
  return cgroups.version === 2 ? probeUnified(cgroups) : probeHierarchies(cgroups);
}

function probeHierarchies({ mounts }: CgroupHost): LimitSupport {
  const has = (controller: string, file: string) => {
    const directory = mounts.get(controller);
    return directory !== undefined && existsSync(join(directory, file));
  };
  return {
    MemoryLimit: has('memory', 'memory.limit_in_bytes'),
    SwapLimit: has('memory', 'memory.memsw.limit_in_bytes'),
    CpuCfsPeriod: has('cpu', 'cpu.cfs_period_us'),
    CpuCfsQuota: has('cpu', 'cpu.cfs_quota_us'),
    CPUShares: has('cpu', 'cpu.shares'),
    CPUSet: has('cpuset', 'cpuset.cpus'),
    PidsLimit: mounts.has('pids'),
    OomKillDisable: has('memory', 'memory.oom_control'),
  };
}

/** On v2 the root has no limit files; swap accounting shows in any group below it. The OOM killer cannot be switched off. */
function probeUnified({ unified, unifiedControllers }: CgroupHost): LimitSupport {
  const has = (controller: string) => unifiedControllers.includes(controller);
  const groups =
    unified === undefined ? [] : readdirSync(unified, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return {
    MemoryLimit: has('memory'),
    SwapLimit: has('memory') && groups.some((group) => existsSync(join(unified!, group.name, 'memory.swap.max'))),
    CpuCfsPeriod: has('cpu'),
    CpuCfsQuota: has('cpu'),
    CPUShares: has('cpu'),
    CPUSet: has('cpuset'),
    PidsLimit: has('pids'),
    OomKillDisable: false,
  };
}

const LACKING: Readonly<Partial<Record<keyof LimitSupport, string>>> = {
  MemoryLimit: 'memory limit',
  SwapLimit: 'swap limit',
  CpuCfsPeriod: 'cpu cfs period',
  CpuCfsQuota: 'cpu cfs quota',
  CPUShares: 'cpu shares',
  CPUSet: 'cpuset',
  PidsLimit: 'pids limit',
};

/** Docker's sentences for limits that are missing. */
export function limitWarnings(limits: LimitSupport): string[] {
  return Object.entries(LACKING)
    .filter(([name]) => !limits[name as keyof LimitSupport])
    .map(([, what]) => `WARNING: No ${what} support`);
}
