import type { HostConfig } from '@berth/contract';
import type { FlagValues } from '../../../flags/values.ts';
import { readBytesRate, readOperationsRate, readWeight } from './throttle.ts';
import { readUlimits } from './ulimit.ts';

/** Limits: memory in bytes, CPU in billionths, periods in microseconds. */
export function readResources(flags: FlagValues): Partial<HostConfig> & { KernelMemory?: number } {
  const swappiness = flags.number('memory-swappiness');
  const kernelMemory = flags.number('kernel-memory');
  return {
    CgroupParent: flags.string('cgroup-parent'),
    CpuShares: flags.number('cpu-shares'),
    Memory: flags.number('memory'),
    NanoCpus: flags.number('cpus'),
    BlkioWeight: flags.number('blkio-weight'),
    BlkioWeightDevice: flags.list('blkio-weight-device').map(readWeight),
    BlkioDeviceReadBps: flags.list('device-read-bps').map(readBytesRate),
    BlkioDeviceWriteBps: flags.list('device-write-bps').map(readBytesRate),
    BlkioDeviceReadIOps: flags.list('device-read-iops').map(readOperationsRate),
    BlkioDeviceWriteIOps: flags.list('device-write-iops').map(readOperationsRate),
    CpuPeriod: flags.number('cpu-period'),
    CpuQuota: flags.number('cpu-quota'),
    CpuRealtimePeriod: flags.number('cpu-rt-period'),
    CpuRealtimeRuntime: flags.number('cpu-rt-runtime'),
    CpusetCpus: flags.string('cpuset-cpus'),
    CpusetMems: flags.string('cpuset-mems'),
    DeviceCgroupRules: flags.list('device-cgroup-rule'),
    MemoryReservation: flags.number('memory-reservation'),
    MemorySwap: flags.number('memory-swap'),
    MemorySwappiness: swappiness,
    OomKillDisable: flags.bool('oom-kill-disable'),
    PidsLimit: flags.number('pids-limit'),
    Ulimits: readUlimits(flags.list('ulimit')),
    ...(kernelMemory && { KernelMemory: kernelMemory }),
  };
}
