import { updateContainer } from '@berth/client';
import type { HostConfig } from '@berth/contract';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { atLeastArgs, type Command, type FlagSpec } from '../../command.ts';
import type { FlagValues } from '../../flags/values.ts';
import { readSwap } from './options/checks.ts';
import { readRestartPolicy } from './options/modes.ts';

const FLAGS: readonly FlagSpec[] = [
  {
    long: 'blkio-weight',
    type: 'uint16',
    default: '0',
    help: 'Block IO (relative weight), between 10 and 1000, or 0 to disable',
  },
  { long: 'cpu-period', type: 'int', help: 'Limit CPU CFS (Completely Fair Scheduler) period' },
  { long: 'cpu-quota', type: 'int', help: 'Limit CPU CFS (Completely Fair Scheduler) quota' },
  { long: 'cpu-rt-period', type: 'int', help: 'Limit the CPU real-time period in microseconds' },
  { long: 'cpu-rt-runtime', type: 'int', help: 'Limit the CPU real-time runtime in microseconds' },
  { long: 'cpu-shares', short: 'c', type: 'int', help: 'CPU shares (relative weight)' },
  { long: 'cpus', type: 'decimal', help: 'Number of CPUs' },
  { long: 'cpuset-cpus', type: 'string', help: 'CPUs in which to allow execution (0-3, 0,1)' },
  { long: 'cpuset-mems', type: 'string', help: 'MEMs in which to allow execution (0-3, 0,1)' },
  {
    long: 'kernel-memory',
    type: 'bytes',
    help: 'Kernel memory limit (deprecated)',
    hidden: true,
    deprecated: 'and no longer supported by the kernel',
  },
  { long: 'memory', short: 'm', type: 'bytes', help: 'Memory limit' },
  { long: 'memory-reservation', type: 'bytes', help: 'Memory soft limit' },
  {
    long: 'memory-swap',
    type: 'bytes',
    help: 'Swap limit equal to memory plus swap: -1 to enable unlimited swap',
    convert: readSwap,
  },
  { long: 'pids-limit', type: 'int', help: 'Tune container pids limit (set -1 for unlimited)' },
  { long: 'restart', type: 'string', help: 'Restart policy to apply when a container exits' },
];

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [CONTAINER...]',
  flags: FLAGS,
  args: atLeastArgs(1),
  async run(context, { flags, args }) {
    if (!FLAGS.some(({ long }) => flags.changed(long)))
      throw new CliError('you must provide one or more flags when using this command');
    const change = readChange(flags);
    const warnings: string[] = [];
    const errors: string[] = [];
    for (const name of args) {
      try {
        const { Warnings } = await updateContainer(context.client, name, change);
        warnings.push(...(Warnings ?? []));
        context.out.write(`${name}\n`);
      } catch (error) {
        errors.push(describeError(error));
      }
    }
    if (warnings.length > 0) context.out.write(`${warnings.join('\n')}\n`);
    if (errors.length > 0) throw new CliError(errors.join('\n'));
    return 0;
  },
};

function readChange(flags: FlagValues): Partial<HostConfig> {
  const pids = flags.number('pids-limit');
  return {
    BlkioWeight: flags.number('blkio-weight'),
    CpuPeriod: flags.number('cpu-period'),
    CpuQuota: flags.number('cpu-quota'),
    CpuRealtimePeriod: flags.number('cpu-rt-period'),
    CpuRealtimeRuntime: flags.number('cpu-rt-runtime'),
    CpuShares: flags.number('cpu-shares'),
    NanoCpus: flags.number('cpus'),
    CpusetCpus: flags.string('cpuset-cpus'),
    CpusetMems: flags.string('cpuset-mems'),
    Memory: flags.number('memory'),
    MemoryReservation: flags.number('memory-reservation'),
    MemorySwap: flags.number('memory-swap'),
    ...(flags.number('kernel-memory') && { KernelMemory: flags.number('kernel-memory') }),
    ...(pids !== 0 && { PidsLimit: pids }),
    RestartPolicy: readRestartPolicy(flags.string('restart')),
  };
}
