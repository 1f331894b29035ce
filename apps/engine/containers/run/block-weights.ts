import { statSync } from 'node:fs';
import { BerthError, errnoOf } from '@berth/kit';
import { changeLimits } from '../../linux/cgroup-write.ts';
import { type Context, cgroupOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { deviceNumber } from '../spec/devices.ts';

/**
 * Writes the weights of block devices of a container that was created: the runtimes know only the files of schedulers
 * that kernels no longer have. Errors: invalid where a device is not there or its scheduler has no weights.
 */
export function applyBlockWeights(context: Context, record: ContainerRecord): void {
  const { BlkioWeight, BlkioWeightDevice } = record.spec.hostConfig;
  const group = cgroupOf(context.config, record);
  if (BlkioWeight > 0) changeLimits(context.cgroups, group, { blockWeight: BlkioWeight });
  for (const { Path, Weight } of BlkioWeightDevice ?? []) {
    const { major, minor } = blockDevice(Path);
    try {
      changeLimits(context.cgroups, group, { deviceWeight: { device: `${major}:${minor}`, weight: Weight } });
    } catch (cause) {
      if (!['EOPNOTSUPP', 'ENOTSUP', 'ENODEV'].includes(errnoOf(cause) ?? '')) throw cause;
      throw new BerthError('invalid', `cannot give the device ${Path} a weight: its I/O scheduler has none`, {
        cause,
        hint: `Choose a scheduler that has: echo bfq > /sys/dev/block/${major}:${minor}/queue/scheduler`,
      });
    }
  }
}

/** Numbers of a block device. Errors: invalid. */
export function blockDevice(path: string): { major: number; minor: number } {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(path);
  } catch (cause) {
    throw new BerthError('invalid', `cannot find the block device ${path} of an I/O limit`, { cause });
  }
  if (!stat.isBlockDevice()) throw new BerthError('invalid', `${path} is not a block device: it has no I/O limits`);
  return deviceNumber(stat.rdev);
}
