import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { BerthError } from '@berth/kit';
import { cgroupProcesses } from '../linux/cgroup.ts';
import { type Context, cgroupOf, eventAttributes } from './context.ts';
import { mustRun } from './must-run.ts';
import { checkPsArguments, parseTable } from './parse/ps-output.ts';
import type { ContainerService } from './service.ts';

const run = promisify(execFile);

/**
 * The processes of a container as the host's ps shows them (ps(1)). Errors: not-found; conflict when it does not run;
 * invalid when the arguments hide the process id, and in the words of ps when it refuses them.
 */
export const top =
  (context: Context): ContainerService['top'] =>
  async (name, psArgs) => {
    checkPsArguments(psArgs);
    const record = context.store.resolve(name);
    mustRun(record);
    const args = (psArgs || '-ef').split(/\s+/).filter(Boolean);
    const pids = cgroupProcesses(context.cgroups, cgroupOf(context.config, record));
    const table = parseTable(await processTable(args, pids), new Set(pids));
    context.publish('container', 'top', record.id, eventAttributes(record));
    return table;
  };

/** Asks for these processes alone; some arguments go with no choice of processes, then all of the host are listed. */
async function processTable(args: readonly string[], pids: readonly number[]): Promise<string> {
  try {
    return await ps([...args, `-q${pids.join(',')}`]);
  } catch {
    return ps(args);
  }
}

async function ps(args: readonly string[]): Promise<string> {
  try {
    return (await run('ps', args, { maxBuffer: 16 << 20, timeout: 20_000 })).stdout;
  } catch (cause) {
    const stderr = cause instanceof Error && 'stderr' in cause ? String(cause.stderr).split('\n')[0] : '';
    throw new BerthError('invalid', `ps: ${stderr || 'failed'}`, { cause });
  }
}
