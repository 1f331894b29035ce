// @ts-check
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { detectCgroups, mountUnusedControllers } from '../../apps/engine/linux/cgroup.ts';

/**
 * Runs a program in network, mount and process namespaces of its own: links, rules, mounts and daemons that it makes are
 * unknown to the machine and end with it, however it ends. Its folder and cgroups, which go by the same name, are removed.
 *
 * @param {(scratch: string) => string[]} commandOf program and arguments, given its folder
 * @returns {Promise<number>} its exit code
 */
export async function onPrivateHost(commandOf) {
  // The engine does this at its start; done in there, cgroup v1 would change for the whole machine and show only inside.
  mountUnusedControllers(detectCgroups());
  const scratch = mkdtempSync(join(tmpdir(), 'berth-versus-'));
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  // Process 1 of a namespace has to collect orphans; catatonit does.
  const child = spawn('unshare', [...namespaces, 'catatonit', '--', ...commandOf(scratch)], { stdio: 'inherit' });
  const forward = () => void child.kill('SIGTERM');
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM'])) process.on(signal, forward);
  try {
    return await new Promise((done, fail) => {
      child.on('error', fail);
      child.on('exit', (code) => done(code ?? 1));
    });
  } finally {
    for (const folder of cgroups(basename(scratch))) removeTree(folder);
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** @param {string} name */
function cgroups(name) {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n');
  const roots = mounts.map((line) => line.split(' ')).filter((fields) => fields[2]?.startsWith('cgroup'));
  return roots.map((fields) => join(fields[1] ?? '', name));
}

/** @param {string} folder of a cgroup file system, where only folders can be removed */
function removeTree(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  }
  rmdirSync(folder);
}
