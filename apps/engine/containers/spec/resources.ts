import type { HostConfig, ThrottleDevice } from '@berth/contract';
import { blockDevice } from '../run/block-weights.ts';
import type { DeviceRule, RuntimeResources, Throttle } from './runtime-spec.ts';

const CPU_PERIOD_US = 100_000;

/**
 * Docker's limits as the runtime wants them. What is unset stays unset, so that the kernel's defaults hold. Weights of
 * block devices are not among them (run/block-weights.ts).
 */
export function resolveResources(host: HostConfig, devices: DeviceRule[]): RuntimeResources {
  const memory = compact({
    limit: positive(host.Memory),
    reservation: positive(host.MemoryReservation),
    swap: positive(host.MemorySwap), // -1, none, is how groups begin; hosts without swap accounting have no such file
    swappiness: host.MemorySwappiness === null || host.MemorySwappiness < 0 ? undefined : host.MemorySwappiness,
    kernelTCP: positive(host.KernelMemoryTCP ?? 0),
    disableOOMKiller: host.OomKillDisable || undefined,
  });
  const fromNano = host.NanoCpus > 0;
  const cpu = compact({
    shares: positive(host.CpuShares),
    quota: fromNano ? Math.floor((host.NanoCpus * CPU_PERIOD_US) / 1e9) : positive(host.CpuQuota),
    period: fromNano ? CPU_PERIOD_US : positive(host.CpuPeriod),
    realtimeRuntime: positive(host.CpuRealtimeRuntime),
    realtimePeriod: positive(host.CpuRealtimePeriod),
    cpus: host.CpusetCpus || undefined,
    mems: host.CpusetMems || undefined,
  });
  const blockIO = compact({
    throttleReadBpsDevice: throttles(host.BlkioDeviceReadBps),
    throttleWriteBpsDevice: throttles(host.BlkioDeviceWriteBps),
    throttleReadIOPSDevice: throttles(host.BlkioDeviceReadIOps),
    throttleWriteIOPSDevice: throttles(host.BlkioDeviceWriteIOps),
  });
  return {
    devices,
    ...(memory ? { memory } : {}),
    ...(cpu ? { cpu } : {}),
    ...(blockIO ? { blockIO } : {}),
    ...(host.PidsLimit !== null && host.PidsLimit > 0 ? { pids: { limit: host.PidsLimit } } : {}),
  };
}

function positive(value: number): number | undefined {
  return value > 0 ? value : undefined;
}

function throttles(devices: ThrottleDevice[] | null): Throttle[] | undefined {
  return devices?.length ? devices.map(({ Path, Rate }) => ({ ...blockDevice(Path), rate: Rate })) : undefined;
}

/** The object without undefined members, or undefined when none is left. */
function compact<T extends object>(object: T): { [K in keyof T]?: Exclude<T[K], undefined> } | undefined {
  const entries = Object.entries(object).filter(([, value]) => value !== undefined);
  return entries.length > 0
    ? (Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> })
    : undefined;
}
