import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BerthError } from '@berth/kit';
import { cgroupProcesses } from '../linux/cgroup.ts';
import { type Context, cgroupOf, eventAttributes } from './context.ts';
import { mustRun } from './must-run.ts';
import type { ContainerService } from './service.ts';

const run = promisify(execFile);

/**
 * The processes of a container as the host's ps shows them (ps(1)). Errors: not-found; conflict when it does not run;
 * invalid when ps refuses the arguments or they leave out the process id.
 */
export const top =
  (context: Context): ContainerService['top'] =>
  async (name, psArgs) => {
    const record = context.store.resolve(name);
    mustRun(record);
    const args = (psArgs || '-ef').split(/\s+/).filter(Boolean);
    const pids = new Set(cgroupProcesses(context.cgroups, cgroupOf(context.config, record)));
    let stdout: string;
    try {
      ({ stdout } = await run('ps', args, { maxBuffer: 16 << 20, timeout: 20_000 }));
    } catch (cause) {
      const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).split('\n')[0] : '';
      throw new BerthError('invalid', `ps: ${stderr || 'failed'}`, { cause });
    }
    const [head = '', ...lines] = stdout.trimEnd().split('\n');
    const Titles = head.trim().split(/\s+/);
    const pidColumn = Titles.indexOf('PID');
    if (pidColumn < 0) throw new BerthError('invalid', "Couldn't find PID field in ps output");
    const Processes = lines
      .map((line) => splitRow(line, Titles.length))
      .filter((row) => pids.has(Number(row[pidColumn])));
    context.publish('container', 'top', record.id, eventAttributes(record));
    return { Titles, Processes };
  };

/** The last column holds the command with its spaces. */
function splitRow(line: string, columns: number): string[] {
  const words = line.trim().split(/\s+/);
  return [...words.slice(0, columns - 1), words.slice(columns - 1).join(' ')];
}
