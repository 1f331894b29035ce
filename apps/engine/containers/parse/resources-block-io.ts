import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { CgroupLimits } from '../../linux/cgroup-limits.ts';

/** Limits of block devices, in place. Errors: invalid. */
export function checkBlockIo(host: HostConfig, limits: CgroupLimits, warnings: string[]): void {
  if (host.BlkioWeight > 0 && !limits.blockWeight) {
    warnings.push('Your kernel does not support Block I/O weight or the cgroup is not mounted. Weight discarded.');
    host.BlkioWeight = 0;
  }
  checkWeight(host.BlkioWeight);
  if (host.BlkioWeightDevice?.length && !limits.blockWeightDevice) {
    warnings.push(
      'Your kernel does not support Block I/O weight_device or the cgroup is not mounted. Weight-device discarded.',
    );
    host.BlkioWeightDevice = [];
  }
  for (const { Path, Weight } of host.BlkioWeightDevice ?? []) {
    checkPath(Path);
    checkWeight(Weight);
  }
  for (const { field, supported, limit } of RATES) {
    const wishes = host[field] ?? [];
    if (wishes.length === 0) continue;
    if (!limits[supported]) {
      const [unit, direction] = limit;
      const what = unit === 'BPS' ? `BPS Block I/O ${direction}` : `IOPS Block ${direction}`;
      warnings.push(
        `Your kernel does not support ${what} limit or the cgroup is not mounted. Block I/O ${unit} ${direction} limit discarded.`,
      );
      host[field] = [];
    }
    for (const { Path, Rate } of wishes) {
      checkPath(Path);
      if (Rate < 0) throw new BerthError('invalid', `invalid rate for device ${Path}: ${Rate}`);
    }
  }
}

const RATES = [
  { field: 'BlkioDeviceReadBps', supported: 'blockReadBps', limit: ['BPS', 'read'] },
  { field: 'BlkioDeviceWriteBps', supported: 'blockWriteBps', limit: ['BPS', 'write'] },
  { field: 'BlkioDeviceReadIOps', supported: 'blockReadIops', limit: ['IOPS', 'read'] },
  { field: 'BlkioDeviceWriteIOps', supported: 'blockWriteIops', limit: ['IOPS', 'write'] },
] as const;

function checkWeight(weight: number): void {
  if (weight !== 0 && (weight < 10 || weight > 1000))
    throw new BerthError('invalid', 'Range of blkio weight is from 10 to 1000');
}

function checkPath(path: string): void {
  if (!path.startsWith('/') || path.includes('\0')) throw new BerthError('invalid', `invalid device path: ${path}`);
}
