import { closeSync, openSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { makePipe } from './descriptor.ts';
import { MS, mount, unmount } from './mount.ts';
import { SIGNALS, type SpawnedProcess, spawnProcess } from './spawn.ts';

/** A range of ids of the host that stands for the ids from 0 on in a user namespace. */
export interface IdRange {
  first: number;
  count: number;
}

const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
/** Of a millisecond each. */
const TRIES = 5000;

/**
 * Makes a user namespace that lives as long as `path`, a new file that it is bound to (user_namespaces(7)).
 * A process of many threads cannot enter one, so a child makes it. Errors: unavailable programs, EPERM where the host
 * forbids user namespaces.
 */
export async function createUserNamespace(path: string, users: IdRange, groups: IdRange): Promise<void> {
  await withChild(['unshare', '--user', 'cat'], 'user', path, (pid) => {
    writeFileSync(`/proc/${pid}/uid_map`, `0 ${users.first} ${users.count}\n`);
    writeFileSync(`/proc/${pid}/gid_map`, `0 ${groups.first} ${groups.count}\n`);
  });
}

/** Makes a network namespace that belongs to a user namespace, bound to `path` as by `createNamespace`. */
export async function createOwnedNamespace(path: string, userNamespace: string): Promise<void> {
  await withChild(['nsenter', `--user=${userNamespace}`, 'unshare', '--net', 'cat'], 'net', path, () => undefined);
}

/** Runs a program that makes a namespace for itself and then waits, and binds that namespace to a new file. */
async function withChild(
  [program = '', ...args]: string[],
  kind: 'user' | 'net',
  path: string,
  prepare: (pid: number) => void,
): Promise<void> {
  const pipe = makePipe();
  let child: SpawnedProcess;
  try {
    child = spawnProcess(program, args, { descriptors: [pipe.read, 'null', 'null'], env: ENV, newSession: true });
  } catch (error) {
    closeSync(pipe.write);
    throw error;
  } finally {
    closeSync(pipe.read);
  }
  try {
    await inOwnNamespace(child, kind);
    prepare(child.pid);
    closeSync(openSync(path, 'wx', 0o444));
    try {
      mount(`/proc/${child.pid}/ns/${kind}`, path, null, MS.BIND, null);
    } catch (error) {
      rmSync(path, { force: true });
      throw error;
    }
  } finally {
    closeSync(pipe.write);
    child.kill(SIGNALS.SIGKILL);
    await child.exited;
  }
}

async function inOwnNamespace(child: SpawnedProcess, kind: 'user' | 'net'): Promise<void> {
  const ours = readlinkSync(`/proc/self/ns/${kind}`);
  let ended = false;
  void child.exited.then(() => {
    ended = true;
  });
  for (let tries = 0; tries < TRIES && !ended; tries++) {
    if (namespaceOf(child.pid, kind) !== ours) return;
    await delay(1);
  }
  throw new Error(`no ${kind} namespace could be made: the kernel or a setting of this host forbids it`);
}

function namespaceOf(pid: number, kind: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/${kind}`);
  } catch {
    return undefined; // it ended
  }
}

/** Lets go of a namespace; it ends with its last process. Idempotent. */
export function removeUserNamespace(path: string): void {
  try {
    unmount(path, { lazy: true });
  } catch {
    // not mounted any more
  }
  rmSync(path, { force: true });
}
