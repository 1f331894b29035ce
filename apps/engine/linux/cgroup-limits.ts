import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { CgroupHost } from './cgroup.ts';

/** Which limits this kernel can set on a control group. */
export interface CgroupLimits {
  memory: boolean;
  swap: boolean;
  reservation: boolean;
  swappiness: boolean;
  oomKillDisable: boolean;
  kernelTcpMemory: boolean;
  cpuShares: boolean;
  /** Period and quota. */
  cpuQuota: boolean;
  cpuRealtime: boolean;
  cpuset: boolean;
  pids: boolean;
  blockWeight: boolean;
  blockWeightDevice: boolean;
  blockReadBps: boolean;
  blockWriteBps: boolean;
  blockReadIops: boolean;
  blockWriteIops: boolean;
}

/** Looks for the files that limits are written to. */
export function probeCgroupLimits(host: CgroupHost): CgroupLimits {
  return host.version === 2 ? probeUnified(host) : probeHierarchies(host);
}

function probeHierarchies({ mounts }: CgroupHost): CgroupLimits {
  const has = (controller: string, file: string) => {
    const directory = mounts.get(controller);
    return directory !== undefined && existsSync(join(directory, file));
  };
  // The scheduler's weights are not in the root's directory; its counters tell that groups have them.
  const weights = has('blkio', 'blkio.weight') || has('blkio', 'blkio.bfq.io_serviced');
  return {
    memory: has('memory', 'memory.limit_in_bytes'),
    swap: has('memory', 'memory.memsw.limit_in_bytes'),
    reservation: has('memory', 'memory.soft_limit_in_bytes'),
    swappiness: has('memory', 'memory.swappiness'),
    oomKillDisable: has('memory', 'memory.oom_control'),
    kernelTcpMemory: has('memory', 'memory.kmem.tcp.limit_in_bytes'),
    cpuShares: has('cpu', 'cpu.shares'),
    cpuQuota: has('cpu', 'cpu.cfs_quota_us'),
    cpuRealtime: has('cpu', 'cpu.rt_runtime_us'),
    cpuset: has('cpuset', 'cpuset.cpus'),
    pids: mounts.has('pids'),
    blockWeight: weights,
    blockWeightDevice: weights,
    blockReadBps: has('blkio', 'blkio.throttle.read_bps_device'),
    blockWriteBps: has('blkio', 'blkio.throttle.write_bps_device'),
    blockReadIops: has('blkio', 'blkio.throttle.read_iops_device'),
    blockWriteIops: has('blkio', 'blkio.throttle.write_iops_device'),
  };
}

/** On v2 the root has no limit files: some show in any group below it. */
function probeUnified({ unified, unifiedControllers }: CgroupHost): CgroupLimits {
  const has = (controller: string) => unifiedControllers.includes(controller);
  const groups =
    unified === undefined ? [] : readdirSync(unified, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  const shows = (file: string) => groups.some((group) => existsSync(join(unified!, group.name, file)));
  const weights = has('io') && (shows('io.weight') || shows('io.bfq.weight'));
  return {
    memory: has('memory'),
    swap: has('memory') && shows('memory.swap.max'),
    reservation: has('memory'),
    swappiness: false,
    oomKillDisable: false,
    kernelTcpMemory: false,
    cpuShares: has('cpu'),
    cpuQuota: has('cpu'),
    cpuRealtime: false,
    cpuset: has('cpuset'),
    pids: has('pids'),
    blockWeight: weights,
    blockWeightDevice: weights,
    blockReadBps: has('io'),
    blockWriteBps: has('io'),
    blockReadIops: has('io'),
    blockWriteIops: has('io'),
  };
}
