import type { RestartPolicy } from '@berth/contract';
import { CliError } from '../../../cli-error.ts';

/** Namespace flags: throws when the mode has none of the forms that exist. */
export function checkModes(modes: { pid: string; uts: string; userns: string; cgroupns: string }): void {
  const { pid, uts, userns, cgroupns } = modes;
  if (!['', 'host'].includes(pid) && !/^container:./.test(pid)) throw new CliError('--pid: invalid PID mode');
  if (!['', 'host'].includes(uts)) throw new CliError('--uts: invalid UTS mode');
  if (!['', 'host'].includes(userns)) throw new CliError('--userns: invalid USER mode');
  if (!['', 'host', 'private'].includes(cgroupns)) throw new CliError('--cgroupns: invalid CGROUP mode');
}

/** `always`, `on-failure:3`; which names exist is the engine's to say. */
export function readRestartPolicy(text: string): RestartPolicy {
  const [name = '', count] = text.split(/:(.*)/s);
  if (count !== undefined && name === '')
    throw new CliError('invalid restart policy format: no policy provided before colon');
  if (count !== undefined && !/^[+-]?\d+$/.test(count))
    throw new CliError('invalid restart policy format: maximum retry count must be an integer');
  return { Name: name as RestartPolicy['Name'], MaximumRetryCount: Number(count ?? 0) };
}
