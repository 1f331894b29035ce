import { closeSync, openSync, readFileSync, write } from 'node:fs';
import { join } from 'node:path';
import type { CgroupHost } from './cgroup.ts';

/** The kernel cools down about one grace period after the last move, 4 to 10 ms: often enough to stay ahead of it. */
const EVERY_MS = 4;
/** Containers are started and entered in bursts: so long after one, the next is expected. */
const WINDOW_MS = 250;

/** Keeps moves between control groups cheap while they are likely. */
export interface CgroupWarmer {
  /** A move may come in a few milliseconds. */
  expect(): void;
  /** A move is coming, and more may follow. */
  announce(): void;
  close(): void;
}

/**
 * The first process id written to a cgroup.procs waits for an RCU grace period (median 9 ms); moves right after another
 * do not. So this process moves itself to where it is: it changes nothing, waits on a pool thread while nobody else
 * has to, and leaves the kernel ready. A host with the `favordynmods` option does not need it and does not suffer from it.
 */
export function createCgroupWarmer(host: CgroupHost): CgroupWarmer {
  const path = ownProcs(host);
  const fd = path === undefined ? undefined : openSync(path, 'w');
  const self = Buffer.from(String(process.pid));
  let busy = false;
  let until = 0;
  let timer: NodeJS.Timeout | undefined;

  const move = () => {
    if (fd === undefined || busy) return;
    busy = true;
    write(fd, self, 0, self.length, 0, () => {
      busy = false; // whether it worked or not: it only saves time
    });
  };
  const repeat = () => {
    move();
    timer = Date.now() < until ? setTimeout(repeat, EVERY_MS).unref() : undefined;
  };
  return {
    expect: move,
    announce() {
      until = Date.now() + WINDOW_MS;
      if (timer === undefined) repeat();
      else move();
    },
    close() {
      clearTimeout(timer);
      until = 0;
      if (fd !== undefined && !busy) closeSync(fd);
    },
  };
}

/** cgroup.procs of the group that this process is in; in a v1 hierarchy where there are several. */
function ownProcs({ version, unified, mounts }: CgroupHost): string | undefined {
  const controller = version === 2 ? '' : mounts.has('pids') ? 'pids' : 'memory';
  const base = version === 2 ? unified : mounts.get(controller);
  for (const line of readFileSync('/proc/self/cgroup', 'utf8').split('\n')) {
    const [, controllers, ...path] = line.split(':');
    if (base !== undefined && controllers?.split(',').includes(controller))
      return join(base, path.join(':'), 'cgroup.procs');
  }
  return undefined;
}
