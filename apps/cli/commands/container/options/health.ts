import type { HealthcheckConfig } from '@berth/contract';
import { CliError } from '../../../cli-error.ts';
import type { FlagValues } from '../../../flags/values.ts';

/** The health check that the flags ask for; undefined leaves the image's. */
export function readHealthcheck(flags: FlagValues): HealthcheckConfig | undefined {
  const command = flags.string('health-cmd');
  const retries = flags.number('health-retries');
  const times = { interval: 0, timeout: 0, 'start-period': 0, 'start-interval': 0 };
  for (const name of Object.keys(times) as (keyof typeof times)[]) times[name] = flags.number(`health-${name}`);
  const any = command !== '' || retries !== 0 || Object.values(times).some((time) => time !== 0);
  if (flags.bool('no-healthcheck')) {
    if (any) throw new CliError('--no-healthcheck conflicts with --health-* options');
    return { Test: ['NONE'] };
  }
  if (!any) return undefined;
  for (const [name, time] of Object.entries(times))
    if (time < 0) throw new CliError(`--health-${name} cannot be negative`);
  if (retries < 0) throw new CliError('--health-retries cannot be negative');
  return {
    ...(command && { Test: ['CMD-SHELL', command] }),
    ...(times.interval && { Interval: times.interval }),
    ...(times.timeout && { Timeout: times.timeout }),
    ...(times['start-period'] && { StartPeriod: times['start-period'] }),
    ...(times['start-interval'] && { StartInterval: times['start-interval'] }),
    ...(retries && { Retries: retries }),
  };
}
