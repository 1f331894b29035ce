import { setTimeout as delay } from 'node:timers/promises';
import { errnoOf } from '@berth/kit';
import { signalProcess, watchProcess } from '../../linux/pidfd.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../linux/process.ts';
import { findProxies } from './find-proxies.ts';
import { type ProxyWish, socatAddresses, startSocat } from './socat.ts';

/**
 * The processes that carry published IPv6 ports to containers without an IPv6 address, one per port. They outlive the
 * engine; the next one finds them by their arguments, which hold the engine's directory and the container's id.
 */
export class Proxies {
  readonly #prefix: string;
  readonly #onLost: (wish: ProxyWish) => void;
  readonly #byContainer = new Map<string, Proxy[]>();

  /** `onLost`: a proxy ended although nobody here stopped it. */
  constructor(execRoot: string, onLost: (wish: ProxyWish) => void) {
    this.#prefix = `berth-port:${execRoot}:`;
    this.#onLost = onLost;
  }

  /** Starts a proxy; resolves when it listens. Errors: unavailable (socat is not installed), conflict (it could not listen). */
  async start(wish: ProxyWish): Promise<void> {
    const { pid, listening } = startSocat(wish, `${this.#prefix}${wish.containerId}`);
    const identity = pid === undefined ? undefined : identifyProcess(pid);
    const proxy = identity && this.#note(identity, wish);
    await listening;
    if (proxy) proxy.listens = true;
  }

  /** Ends all proxies of a container with the connections that they carry; their ports are free when it resolves. */
  async stop(containerId: string): Promise<void> {
    const proxies = this.#byContainer.get(containerId) ?? [];
    this.#byContainer.delete(containerId);
    await Promise.all(proxies.map(end));
  }

  /** Finds the proxies of an earlier engine: keeps those that are wanted, ends the others, and gives the missing ones. */
  async adopt(wanted: readonly ProxyWish[]): Promise<ProxyWish[]> {
    this.release();
    const found = findProxies(this.#prefix);
    const missing = wanted.filter((wish) => {
      const addresses = socatAddresses(wish);
      const index = found.findIndex(
        (proxy) =>
          proxy.containerId === wish.containerId &&
          proxy.listen === addresses.listen &&
          proxy.connect === addresses.connect,
      );
      if (index < 0) return true;
      this.#note(found.splice(index, 1)[0]!, wish).listens = true;
      return false;
    });
    await Promise.all(found.map((proxy) => end(watched(proxy, () => undefined))));
    return missing;
  }

  /** Forgets all proxies and leaves them running. */
  release(): void {
    for (const proxy of [...this.#byContainer.values()].flat()) proxy.unwatch();
    this.#byContainer.clear();
  }

  #note(identity: ProcessIdentity, wish: ProxyWish): Proxy {
    const proxy = watched(identity, () => {
      const proxies = this.#byContainer.get(wish.containerId) ?? [];
      if (!proxies.includes(proxy)) return; // stopped
      this.#byContainer.set(
        wish.containerId,
        proxies.filter((other) => other !== proxy),
      );
      if (proxy.listens) this.#onLost(wish); // else its start has failed, and says so
    });
    this.#byContainer.set(wish.containerId, [...(this.#byContainer.get(wish.containerId) ?? []), proxy]);
    return proxy;
  }
}

interface Proxy extends ProcessIdentity {
  listens: boolean;
  /** Resolves when the process has ended. */
  ended: Promise<void>;
  unwatch(): void;
}

function watched({ pid, startTime }: ProcessIdentity, onEnd: () => void): Proxy {
  const { promise, resolve } = Promise.withResolvers<void>();
  void promise.then(onEnd);
  const proxy: Proxy = { pid, startTime, listens: false, ended: promise, unwatch: () => undefined };
  try {
    const watch = watchProcess(pid, resolve);
    proxy.unwatch = () => watch.close();
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
    resolve();
  }
  return proxy;
}

/** A proxy and the processes of its connections are one process group, led by it. */
async function end(proxy: Proxy): Promise<void> {
  if (isRunning(proxy)) {
    try {
      process.kill(-proxy.pid, 'SIGKILL');
    } catch {
      // No group of this number: a process of one connection, whose leader died before.
      signalProcess(proxy.pid, SIGKILL, () => isRunning(proxy));
    }
  }
  await proxy.ended;
  // The other processes of its group die in the same moment, but not in order. A zombie that nobody reaps is not waited for.
  for (let tries = 0; tries < 50 && groupExists(proxy.pid); tries++) await delay(2);
}

function groupExists(id: number): boolean {
  try {
    return process.kill(-id, 0);
  } catch {
    return false;
  }
}

const SIGKILL = 9;
