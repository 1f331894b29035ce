import { availableParallelism } from 'node:os';
import type { HostConfig } from '@berth/contract';
import { BerthError, describeError } from '@berth/kit';
import type { CgroupLimits } from '../linux/cgroup-limits.ts';
import { changeLimits, type LimitChange } from '../linux/cgroup-write.ts';
import { type Context, cgroupOf, eventAttributes } from './context.ts';
import { applyUpdate, parseUpdate, type Update } from './parse/parse-update.ts';
import { reserveRealtime } from './run/realtime.ts';
import type { ContainerService } from './service.ts';
import { isActive } from './stop.ts';

/**
 * Changes limits and restart policy of a container; of one that runs, in the kernel too. Nothing is changed when a
 * part is refused. Errors: not-found; invalid and conflict in Docker's sentences; conflict for a container that is being removed.
 */
export const update =
  (context: Context): ContainerService['update'] =>
  async (name, body) => {
    const { id } = context.store.resolve(name);
    const { update: wish, warnings } = parseUpdate(body, {
      cpus: availableParallelism(),
      limits: context.limits,
      cgroupV2: context.cgroups.version === 2,
    });
    await context.lock.run(id, () => updateLocked(context, id, wish));
    return { Warnings: warnings };
  };

function updateLocked(context: Context, id: string, wish: Update): void {
  const record = context.store.resolve(id);
  const refuse = (cause: unknown, reason = describeError(cause)) => {
    const code = cause instanceof BerthError ? cause.code : 'invalid';
    return new BerthError(code, `Cannot update container ${id}: ${reason}`, { cause });
  };
  if (record.state.status === 'removing' || record.state.status === 'dead')
    throw new BerthError(
      'conflict',
      `Cannot update container ${id}: container is marked for removal and cannot be "update"`,
    );
  let hostConfig: HostConfig;
  try {
    hostConfig = applyUpdate(record.spec.hostConfig, wish);
    if (isActive(record)) {
      const changed = { ...record, spec: { ...record.spec, hostConfig } };
      if (wish.CpuRealtimeRuntime > 0) reserveRealtime(context, changed);
      changeLimits(context.cgroups, cgroupOf(context.config, record), changeOf(wish, context.limits));
    }
  } catch (cause) {
    throw refuse(cause);
  }
  const saved = context.store.save({ ...record, spec: { ...record.spec, hostConfig } });
  context.publish('container', 'update', id, eventAttributes(saved));
}

const CPU_PERIOD_US = 100_000;

/** What has to change in the kernel. */
export function changeOf(wish: Update, limits: Pick<CgroupLimits, 'swap'>): LimitChange {
  const cpus = wish.NanoCpus > 0;
  const given = <T extends number | string>(value: T, as: (value: T) => LimitChange): LimitChange =>
    value === 0 || value === '' ? {} : as(value);
  return {
    ...given(wish.Memory, (memory) => ({ memory })),
    ...given(limits.swap ? wish.MemorySwap : 0, (memoryAndSwap) => ({ memoryAndSwap })),
    ...given(wish.MemoryReservation, (reservation) => ({ reservation })),
    ...given(wish.CpuShares, (cpuShares) => ({ cpuShares })),
    ...given(cpus ? CPU_PERIOD_US : wish.CpuPeriod, (cpuPeriod) => ({ cpuPeriod })),
    ...given(cpus ? Math.floor((wish.NanoCpus * CPU_PERIOD_US) / 1e9) : wish.CpuQuota, (cpuQuota) => ({ cpuQuota })),
    ...given(wish.CpuRealtimePeriod, (realtimePeriod) => ({ realtimePeriod })),
    ...given(wish.CpuRealtimeRuntime, (realtimeRuntime) => ({ realtimeRuntime })),
    ...given(wish.CpusetCpus, (cpuset) => ({ cpus: cpuset })),
    ...given(wish.CpusetMems, (mems) => ({ mems })),
    ...given(wish.BlkioWeight, (blockWeight) => ({ blockWeight })),
    ...(wish.PidsLimit === null ? {} : { pids: wish.PidsLimit === 0 ? -1 : wish.PidsLimit }),
  };
}
