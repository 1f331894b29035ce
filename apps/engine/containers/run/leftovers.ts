import { type CgroupHost, cgroupProcesses, removeCgroup } from '../../linux/cgroup.ts';

const LIMIT_MS = 10_000;

/**
 * Ends whatever still runs in a control group and removes it. Normally the first look finds it empty; processes remain
 * where a container shares another process namespace.
 */
export async function killLeftovers(host: CgroupHost, cgroupPath: string): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  for (let wait = 1; !removeCgroup(host, cgroupPath); wait = Math.min(wait * 2, 50)) {
    for (const pid of cgroupProcesses(host, cgroupPath)) kill(pid);
    if (Date.now() > deadline)
      throw new Error(`processes in the control group ${cgroupPath} did not end within ${LIMIT_MS / 1000} s`);
    await new Promise((next) => setTimeout(next, wait));
  }
}

function kill(pid: number): void {
  try {
    if (pid > 1) process.kill(pid, 'SIGKILL');
  } catch {
    // ended meanwhile
  }
}
