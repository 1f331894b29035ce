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
    if (proxy) this.#watch(proxy, wish);
  }

  /** Ends all proxies of a container, with the connections that they carry. */
  stop(containerId: string): void {
    for (const proxy of this.#byContainer.get(containerId) ?? []) {
      proxy.watch?.close();
      endGroup(proxy);
    }
    this.#byContainer.delete(containerId);
  }

  /** Finds the proxies of an earlier engine: keeps those that are wanted, ends the others, and gives the missing ones. */
  adopt(wanted: readonly ProxyWish[]): ProxyWish[] {
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
      this.#watch(this.#note(found.splice(index, 1)[0]!, wish), wish);
      return false;
    });
    for (const proxy of found) endGroup(proxy);
    return missing;
  }

  /** Forgets all proxies and leaves them running. */
  release(): void {
    for (const proxy of [...this.#byContainer.values()].flat()) proxy.watch?.close();
    this.#byContainer.clear();
  }

  #note({ pid, startTime }: ProcessIdentity, { containerId }: ProxyWish): Proxy {
    const proxy: Proxy = { pid, startTime, watch: undefined };
    this.#byContainer.set(containerId, [...(this.#byContainer.get(containerId) ?? []), proxy]);
    return proxy;
  }

  #watch(proxy: Proxy, wish: ProxyWish): void {
    const lost = () => {
      const others = (this.#byContainer.get(wish.containerId) ?? []).filter((other) => other !== proxy);
      this.#byContainer.set(wish.containerId, others);
      this.#onLost(wish);
    };
    try {
      proxy.watch = watchProcess(proxy.pid, lost);
    } catch (error) {
      if (errnoOf(error) !== 'ESRCH') throw error;
      lost();
    }
  }
}

interface Proxy extends ProcessIdentity {
  watch: { close(): void } | undefined;
}

/** A proxy and the processes of its connections are one process group, led by it. */
function endGroup(proxy: ProcessIdentity): void {
  if (!isRunning(proxy)) return;
  try {
    process.kill(-proxy.pid, 'SIGKILL');
  } catch {
    // No group of this number: a process of one connection, whose leader died before.
    signalProcess(proxy.pid, SIGKILL, () => isRunning(proxy));
  }
}

const SIGKILL = 9;
