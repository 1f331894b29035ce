// @ts-check
import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { mustRun } from '../setup/run.mjs';

const DELETE_LINK = new URL('./delete-link.pl', import.meta.url).pathname;

/**
 * @param {number | undefined} pid of the engine
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function stopEngine(pid) {
  if (pid === undefined) return { said: 'did not run', value: undefined };
  process.kill(pid, 'SIGTERM');
  await untilGone([pid], 15_000);
  return { said: `process ${pid} ended`, value: undefined };
}

/**
 * Removes what is named, in the order in which one thing holds another: processes, mounts, cgroups, network, files.
 *
 * @param {import('./find-parts.mjs').Parts} parts
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function removeParts(parts) {
  for (const pid of parts.processes) kill(pid);
  await untilGone(parts.processes, 10_000);
  for (const place of parts.mounts) await mustRun(`unmount ${place}`, 'umount', ['--lazy', place]);
  for (const folder of parts.cgroups) await removeCgroup(folder);
  for (const name of parts.tables)
    await mustRun(`remove the nftables table ${name}`, 'nft', ['delete', 'table', 'inet', name]);
  for (const { table, chain, handle } of parts.rules)
    await mustRun(`remove a rule from ${table}`, 'nft', [
      'delete',
      'rule',
      ...table.split(' '),
      chain,
      'handle',
      String(handle),
    ]);
  for (const name of parts.links) await mustRun(`remove the link ${name}`, 'perl', [DELETE_LINK, name]);
  for (const path of [...parts.commands, ...parts.folders]) rmSync(path, { recursive: true, force: true });
  return { said: 'removed', value: undefined };
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // it ended with another one
  }
}

/**
 * @param {number[]} pids
 * @param {number} milliseconds
 */
async function untilGone(pids, milliseconds) {
  for (const end = Date.now() + milliseconds; pids.some((pid) => existsSync(`/proc/${pid}/exe`)) && Date.now() < end; )
    await delay(20);
}

/**
 * A cgroup is busy for a moment after its last process has ended.
 * @param {string} folder
 */
async function removeCgroup(folder) {
  for (const end = Date.now() + 5000; ; await delay(20)) {
    try {
      return rmdirSync(folder);
    } catch (error) {
      if (!existsSync(folder)) return;
      if (Date.now() > end) throw error;
    }
  }
}
