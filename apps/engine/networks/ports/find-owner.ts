import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** `Process 812 (nginx)` for the host program that has a port bound, or undefined when it cannot be found. */
export function describePortOwner(protocol: string, port: number): string | undefined {
  const inodes = new Set([...inodesOf(`${protocol}`, port), ...inodesOf(`${protocol}6`, port)]);
  if (inodes.size === 0) return undefined;
  for (const pid of list('/proc').filter((name) => /^\d+$/.test(name))) {
    if (pid === String(process.pid)) continue; // the reservation itself
    for (const fd of list(`/proc/${pid}/fd`)) {
      if (inodes.has(inodeOf(`/proc/${pid}/fd/${fd}`))) return `Process ${pid} (${nameOf(pid)})`;
    }
  }
  return undefined;
}

/** Inodes of sockets bound to a port and not connected, from /proc/net (proc_pid_net(5)). */
function inodesOf(file: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  return read(`/proc/net/${file}`)
    .split('\n')
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[2]?.endsWith(':0000'))
    .flatMap((fields) => fields[9] ?? []);
}

function inodeOf(link: string): string {
  try {
    return /^socket:\[(\d+)\]$/.exec(readlinkSync(link))?.[1] ?? '';
  } catch {
    return ''; // closed meanwhile
  }
}

function nameOf(pid: string): string {
  return read(`/proc/${pid}/comm`).trim() || 'unknown';
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // no such protocol, or the process ended
  }
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return []; // the process ended
  }
}
