import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BerthError, errnoOf } from '@berth/kit';
import { type Context, cgroupOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';

/**
 * Gives the groups above a container the real-time CPU time that it asks for: the kernel lets a group have only what
 * its parent has to give. Nothing on version 2, which has no such limit. Errors: invalid when the host has not that much left.
 */
export function reserveRealtime(context: Context, record: ContainerRecord): void {
  const base = context.cgroups.mounts.get('cpu');
  const { CpuRealtimeRuntime: runtime, CpuRealtimePeriod: period } = record.spec.hostConfig;
  if (base === undefined || runtime <= 0) return;
  const own = share(runtime, period || PERIOD_US);
  for (const group of ancestors(dirname(cgroupOf(context.config, record)))) {
    const directory = join(base, group);
    mkdirSync(directory, { recursive: true });
    const others = sumOfChildren(directory, record.id);
    if (shareOf(directory) >= others + own) continue;
    try {
      writeFileSync(join(directory, 'cpu.rt_runtime_us'), String(Math.ceil((others + own) * periodOf(directory))));
    } catch (cause) {
      throw new BerthError(
        'invalid',
        `cannot give ${runtime} µs of real-time CPU time in ${period || PERIOD_US} µs: the groups above the container have not that much left`,
        { cause },
      );
    }
  }
}

/** How often, and after how many milliseconds, the kernel is asked whether it has forgotten a group that is gone. */
const TRIES = 50;
const RETRY_MS = 20;

/** Takes back from the groups above what no container in them asks for any more. */
export async function releaseRealtime(context: Context, record: ContainerRecord): Promise<void> {
  const base = context.cgroups.mounts.get('cpu');
  if (base === undefined || record.spec.hostConfig.CpuRealtimeRuntime <= 0) return;
  for (const group of ancestors(dirname(cgroupOf(context.config, record))).reverse()) {
    for (let tried = 0; tried < TRIES && !lower(join(base, group)); tried++)
      await new Promise((next) => setTimeout(next, RETRY_MS));
  }
}

/** True when the group has no more than its children ask for, or is gone. */
function lower(directory: string): boolean {
  try {
    const wanted = Math.ceil(sumOfChildren(directory, '') * periodOf(directory));
    writeFileSync(join(directory, 'cpu.rt_runtime_us'), String(wanted));
    return true;
  } catch (error) {
    return errnoOf(error) === 'ENOENT'; // else a group that is gone counts still, or programs of others run in it
  }
}

/** The kernel's default. */
const PERIOD_US = 1_000_000;

/** `/a/b` as `/a`, `/a/b`. */
function ancestors(group: string): string[] {
  const parts = group.split('/').filter(Boolean);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}`);
}

function sumOfChildren(directory: string, except: string): number {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== except)
    .reduce((sum, entry) => sum + shareOf(join(directory, entry.name)), 0);
}

function shareOf(directory: string): number {
  return share(numberIn(directory, 'cpu.rt_runtime_us'), periodOf(directory));
}

const share = (runtime: number, period: number) => runtime / period;
const periodOf = (directory: string) => numberIn(directory, 'cpu.rt_period_us') || PERIOD_US;

function numberIn(directory: string, file: string): number {
  try {
    return Number(readFileSync(join(directory, file), 'utf8'));
  } catch {
    return 0;
  }
}
