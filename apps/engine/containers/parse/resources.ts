import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { CgroupLimits } from '../../linux/cgroup-limits.ts';
import { checkBlockIo } from './resources-block-io.ts';
import { checkCpu } from './resources-cpu.ts';
import { checkDevices } from './resources-devices.ts';
import { checkMemory } from './resources-memory.ts';
import { checkOomScore, checkUlimits } from './resources-ulimits.ts';

/** What limits are checked against. */
export interface ResourceFacts {
  /** Usable CPUs. */
  cpus: number;
  limits: CgroupLimits;
  cgroupV2: boolean;
}

/** A kernel that has every limit of version 1. */
export const EVERY_LIMIT: CgroupLimits = {
  ...{ memory: true, swap: true, reservation: true, swappiness: true, oomKillDisable: true, kernelTcpMemory: true },
  ...{ cpuShares: true, cpuQuota: true, cpuRealtime: true, cpuset: true, pids: true },
  ...{ blockWeight: true, blockWeightDevice: true },
  ...{ blockReadBps: true, blockWriteBps: true, blockReadIops: true, blockWriteIops: true },
};

/**
 * Checks limits of a new container and brings them into the form in which they hold (in place): what this kernel
 * cannot do is discarded with a warning. Returns the warnings. Errors: invalid; both in Docker's sentences.
 */
export function checkResources(host: HostConfig, facts: ResourceFacts): string[] {
  // No limit of swap stands for as much swap as memory.
  if (host.Memory > 0 && host.MemorySwap === 0) host.MemorySwap = host.Memory * 2;
  if (host.PidsLimit !== null && host.PidsLimit <= 0) host.PidsLimit = null;
  const warnings = checkLimits(host, facts, { update: false });
  if (!facts.cgroupV2) host.OomKillDisable ??= false;
  checkCgroupParent(host.CgroupParent);
  checkUlimits(host.Ulimits ?? []);
  checkOomScore(host.OomScoreAdj);
  checkDevices(host);
  return warnings;
}

/** The same for limits that are to be changed (`update`): of those that are unset nothing is asked and nothing filled in. */
export function checkUpdate(host: HostConfig, facts: ResourceFacts): string[] {
  return checkLimits(host, facts, { update: true });
}

function checkLimits(host: HostConfig, facts: ResourceFacts, { update }: { update: boolean }): string[] {
  const warnings: string[] = [];
  checkQuality(host, warnings);
  checkMemory(host, facts.limits, warnings, update);
  if (host.PidsLimit !== null && !facts.limits.pids) {
    if (host.PidsLimit > 0)
      warnings.push(
        'Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. PIDs limit discarded.',
      );
    host.PidsLimit = null;
  }
  checkCpu(host, facts, warnings);
  checkBlockIo(host, facts.limits, warnings);
  return warnings;
}

/** It becomes a path; that it stays below the root of control groups is seen to where it does. */
function checkCgroupParent(parent: string): void {
  if (/[\0\n]/.test(parent) || parent.split('/').some((name) => Buffer.byteLength(name) > 255))
    throw new BerthError('invalid', `invalid cgroup-parent: ${JSON.stringify(parent)}`);
}

/** What exists on Windows only. */
function checkQuality(host: HostConfig, warnings: string[]): void {
  for (const [field, what] of [
    ['IOMaximumBandwidth', 'maximum bandwidth'],
    ['IOMaximumIOps', 'maximum IOPs'],
  ] as const) {
    if (host[field] !== 0)
      throw new BerthError('invalid', `invalid QoS settings: linux does not support configuration of ${what}`);
  }
  for (const [field, what] of [
    ['CpuPercent', 'percent'],
    ['CpuCount', 'count'],
  ] as const) {
    if (host[field] > 0)
      warnings.push(`linux does not support CPU ${what}. ${what[0]?.toUpperCase()}${what.slice(1)} discarded.`);
    host[field] = 0;
  }
}
