import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { decodeHostConfig } from './parse-create-body.ts';
import { checkRestartPolicy } from './parse-create-host.ts';
import { checkUpdate, type ResourceFacts } from './resources.ts';

/** What an update may change. Members that are 0, '' or null stay as they are; `PidsLimit` 0: no limit any more. */
export type Update = HostConfig;

/** Reads the body of POST /containers/{id}/update. Errors: invalid, with Docker's sentences. */
export function parseUpdate(
  body: Record<string, unknown>,
  facts: ResourceFacts,
): { update: Update; warnings: string[] } {
  const update = decodeHostConfig(body);
  // Every way of saying "none" is one.
  if (update.PidsLimit !== null && update.PidsLimit <= 0) update.PidsLimit = 0;
  const warnings = checkUpdate(update, facts);
  warnings.push(...UNCHANGEABLE.filter((field) => isGiven(update[field])).map(discarded));
  if (update.RestartPolicy.Name !== '') checkRestartPolicy(update);
  return { update, warnings };
}

/** What an update request has room for and, as with Docker, holds from a container's creation on. */
const UNCHANGEABLE = [
  ...(['Devices', 'Ulimits', 'BlkioWeightDevice', 'BlkioDeviceReadBps', 'BlkioDeviceWriteBps'] as const),
  ...(['BlkioDeviceReadIOps', 'BlkioDeviceWriteIOps', 'MemorySwappiness', 'OomKillDisable'] as const),
  'KernelMemoryTCP',
] as const;

/** Clients send all members, those that are not meant as zero values. */
function isGiven(value: HostConfig[(typeof UNCHANGEABLE)[number]]): boolean {
  return Array.isArray(value) ? value.length > 0 : Boolean(value);
}

function discarded(field: string): string {
  return `${field} of a container cannot be changed by an update. ${field} discarded.`;
}

/** The settings of a container with an update in them. Errors: invalid where one stands against the other. */
export function applyUpdate(host: HostConfig, update: Update): HostConfig {
  refuseConflicts(host, update);
  const changed = { ...host };
  for (const field of NUMBERS) if (update[field] !== 0) changed[field] = update[field];
  for (const field of SETS) if (update[field] !== '') changed[field] = update[field];
  if (update.PidsLimit !== null) changed.PidsLimit = update.PidsLimit === 0 ? null : update.PidsLimit;
  if (update.RestartPolicy.Name !== '') changed.RestartPolicy = update.RestartPolicy;
  return changed;
}

const NUMBERS = [
  ...(['BlkioWeight', 'CpuShares', 'NanoCpus', 'CpuPeriod', 'CpuQuota', 'CpuRealtimePeriod'] as const),
  ...(['CpuRealtimeRuntime', 'Memory', 'MemorySwap', 'MemoryReservation'] as const),
];
const SETS = ['CpusetCpus', 'CpusetMems'] as const;

function refuseConflicts(host: HostConfig, update: Update): void {
  const conflict = (message: string) => new BerthError('conflict', message);
  const against = (what: string, other: string) =>
    conflict(`Conflicting options: ${what} cannot be updated as ${other} has already been set`);
  if (update.NanoCpus > 0 && host.CpuPeriod > 0) throw against('Nano CPUs', 'CPU Period');
  if (update.NanoCpus > 0 && host.CpuQuota > 0) throw against('Nano CPUs', 'CPU Quota');
  if (update.CpuPeriod > 0 && host.NanoCpus > 0) throw against('CPU Period', 'NanoCPUs');
  if (update.CpuQuota > 0 && host.NanoCpus > 0) throw against('CPU Quota', 'NanoCPUs');
  if (update.Memory !== 0 && update.MemorySwap === 0 && update.Memory > host.MemorySwap) {
    throw conflict(
      'Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time',
    );
  }
  const { Name } = update.RestartPolicy;
  if (host.AutoRemove && Name !== '' && Name !== 'no')
    throw conflict('Restart policy cannot be updated because AutoRemove is enabled for the container');
}
