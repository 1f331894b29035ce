import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { CgroupLimits } from '../../linux/cgroup-limits.ts';

/** Smallest memory limit in bytes: below it a container cannot even be set up. */
const MIN_MEMORY = 6 * 1024 * 1024;

/** Limits of memory, in place. Errors: invalid. */
export function checkMemory(host: HostConfig, limits: CgroupLimits, warnings: string[], update: boolean): void {
  if (host.MemorySwappiness === -1) host.MemorySwappiness = null;
  checkLimitAndSwap(host, limits, warnings, update);
  checkSwappiness(host, limits, warnings);
  checkReservation(host, limits, warnings);
  checkKernelMemory(host, limits, warnings);
  checkOomKiller(host, limits, warnings);
}

function checkLimitAndSwap(host: HostConfig, limits: CgroupLimits, warnings: string[], update: boolean): void {
  if (host.Memory < 0 || (host.Memory > 0 && host.Memory < MIN_MEMORY))
    throw invalid('Minimum memory limit allowed is 6MB');
  if (host.MemorySwap < -1) throw invalid(`invalid memoryswap limit: ${host.MemorySwap}`);
  if (host.Memory > 0 && !limits.memory) {
    warnings.push(
      'Your kernel does not support memory limit capabilities or the cgroup is not mounted. Limitation discarded.',
    );
    host.Memory = 0;
    host.MemorySwap = -1;
  }
  if (host.Memory > 0 && host.MemorySwap !== -1 && !limits.swap) {
    warnings.push(
      'Your kernel does not support swap limit capabilities or the cgroup is not mounted. Memory limited without swap.',
    );
    host.MemorySwap = -1;
  }
  if (host.Memory > 0 && host.MemorySwap > 0 && host.MemorySwap < host.Memory)
    throw invalid('Minimum memoryswap limit should be larger than memory limit, see usage');
  if (host.Memory === 0 && host.MemorySwap > 0 && !update)
    throw invalid('You should always set the Memory limit when using Memoryswap limit, see usage');
}

function checkSwappiness(host: HostConfig, limits: CgroupLimits, warnings: string[]): void {
  const value = host.MemorySwappiness;
  if (value === null) return;
  if (!limits.swappiness) {
    warnings.push(
      'Your kernel does not support memory swappiness capabilities or the cgroup is not mounted. Memory swappiness discarded.',
    );
    host.MemorySwappiness = null;
  } else if (value < 0 || value > 100) throw invalid(`Invalid value: ${value}, valid memory swappiness range is 0-100`);
}

function checkReservation(host: HostConfig, limits: CgroupLimits, warnings: string[]): void {
  if (host.MemoryReservation > 0 && !limits.reservation) {
    warnings.push(
      'Your kernel does not support memory soft limit capabilities or the cgroup is not mounted. Limitation discarded.',
    );
    host.MemoryReservation = 0;
  }
  if (host.MemoryReservation !== 0 && host.MemoryReservation < MIN_MEMORY)
    throw invalid('Minimum memory reservation allowed is 6MB');
  if (host.Memory > 0 && host.MemoryReservation > host.Memory)
    throw invalid('Minimum memory limit can not be less than memory reservation limit, see usage');
}

/** Kernels of today have no limit of their own memory any more, only of the buffers of TCP (version 1). */
function checkKernelMemory(host: HostConfig, limits: CgroupLimits, warnings: string[]): void {
  if ((host.KernelMemory ?? 0) > 0)
    warnings.push('Specifying a kernel memory limit is deprecated: kernels do not support it. Limitation discarded.');
  delete host.KernelMemory;
  if ((host.KernelMemoryTCP ?? 0) > 0 && !limits.kernelTcpMemory) {
    warnings.push(
      'Your kernel does not support kernel memory TCP limit capabilities or the cgroup is not mounted. Limitation discarded.',
    );
    delete host.KernelMemoryTCP;
  }
}

function checkOomKiller(host: HostConfig, limits: CgroupLimits, warnings: string[]): void {
  if (host.OomKillDisable !== null && !limits.oomKillDisable) {
    if (host.OomKillDisable) warnings.push('Your kernel does not support OomKillDisable. OomKillDisable discarded.');
    host.OomKillDisable = null;
  }
  if (host.OomKillDisable && host.Memory === 0) {
    warnings.push(
      'OOM killer is disabled for the container, but no memory limit is set, this can result in the system running out of resources.',
    );
  }
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
