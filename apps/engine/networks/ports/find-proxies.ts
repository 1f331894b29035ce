import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { identifyProcess, type ProcessIdentity } from '../../linux/process.ts';
import { parseSocatArguments } from './socat.ts';

/** A process found to be a proxy of this engine, or what is left of one. */
export interface FoundProxy extends ProcessIdentity {
  containerId: string;
  listen: string;
  connect: string;
}

/**
 * All proxies whose name begins with `prefix`; the rest of it is the container's id. Processes are the only record of
 * proxies, so none can be forgotten. A process that serves one connection counts only when its proxy has died; it
 * listens to nothing then.
 */
export function findProxies(prefix: string): FoundProxy[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => read(Number(name), prefix) ?? []);
}

function read(pid: number, prefix: string): FoundProxy | undefined {
  try {
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
    const said = parseSocatArguments(args);
    // Any process can call itself by this name: only socat in the host's namespaces is believed.
    if (!said?.name.startsWith(prefix) || !isOurs(pid)) return undefined;
    const identity = identifyProcess(pid);
    const leader = groupOf(pid);
    if (!identity || (leader !== pid && identifyProcess(leader))) return undefined;
    return {
      ...identity,
      containerId: said.name.slice(prefix.length),
      listen: leader === pid ? said.listen : '',
      connect: said.connect,
    };
  } catch {
    return undefined; // ended meanwhile
  }
}

function isOurs(pid: number): boolean {
  const same = (kind: string) => readlinkSync(`/proc/${pid}/ns/${kind}`) === readlinkSync(`/proc/self/ns/${kind}`);
  return /\/socat\d?( \(deleted\))?$/.test(readlinkSync(`/proc/${pid}/exe`)) && ['net', 'pid', 'user'].every(same);
}

/** Field 5 of /proc/PID/stat: the process group. */
function groupOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}
