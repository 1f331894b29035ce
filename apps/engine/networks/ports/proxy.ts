import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import { signalProcess } from '../../linux/pidfd.ts';
import { identifyProcess, isRunning, type ProcessIdentity } from '../../linux/process.ts';
import type { PublishedPort } from '../model.ts';

/** A process that carries one published IPv6 port to a container's IPv4 address. */
export interface Proxy extends ProcessIdentity {
  containerId: string;
  /** `tcp [::]:8080`, what it listens on. */
  listens: string;
  /** `172.17.0.2:80`, where it leads. */
  leads: string;
}

/** Engines are told apart by their directory: it is part of the name that every proxy carries in its arguments. */
export class Proxies {
  readonly #prefix: string;
  readonly #byContainer = new Map<string, Proxy[]>();
  readonly #socat: string | undefined;

  constructor(execRoot: string) {
    this.#prefix = `${MARK}${execRoot}:`;
    this.#socat = findProgram('socat');
  }

  /**
   * Starts a proxy that outlives the engine; resolves when it listens.
   * Errors: unavailable (socat is not installed), conflict (it could not listen).
   */
  async start(containerId: string, port: PublishedPort, containerAddress: string): Promise<void> {
    if (!this.#socat) throw missingSocat(port);
    const addresses = socatAddresses(port, containerAddress);
    const child = spawn(
      this.#socat,
      ['-d', '-d', `-lp${this.#prefix}${containerId}`, ...timeouts(port.protocol), addresses.listen, addresses.connect],
      {
        argv0: 'socat',
        detached: true,
        env: {},
        cwd: '/',
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
    child.unref();
    const proxy = child.pid === undefined ? undefined : identifyProcess(child.pid);
    if (proxy) this.#note({ ...proxy, containerId, ...namesOf(addresses) });
    await listening(child, port);
  }

  /** Ends all proxies of a container, with the connections that they carry. */
  stop(containerId: string): void {
    for (const proxy of this.#byContainer.get(containerId) ?? []) endGroup(proxy);
    this.#byContainer.delete(containerId);
  }

  /**
   * Finds the proxies of an earlier engine: keeps those that are wanted, ends the others, and gives the wanted ones
   * that are missing.
   */
  adopt(
    wanted: readonly { containerId: string; port: PublishedPort; containerAddress: string }[],
  ): { containerId: string; port: PublishedPort; containerAddress: string }[] {
    const known = new Set([...this.#byContainer.values()].flat().map((proxy) => proxy.pid));
    const found = this.#scan().filter((proxy) => !known.has(proxy.pid));
    for (const proxy of found) this.#note(proxy);
    const missing = wanted.filter(({ containerId, port, containerAddress }) => {
      const names = namesOf(socatAddresses(port, containerAddress));
      return !(this.#byContainer.get(containerId) ?? []).some((proxy) => matches(proxy, names) && isRunning(proxy));
    });
    for (const [containerId, proxies] of this.#byContainer) {
      const mine = wanted
        .filter((want) => want.containerId === containerId)
        .map((want) => namesOf(socatAddresses(want.port, want.containerAddress)));
      const keep = proxies.filter((proxy) => mine.some((names) => matches(proxy, names)));
      for (const proxy of proxies) if (!keep.includes(proxy)) endGroup(proxy);
      if (keep.length > 0) this.#byContainer.set(containerId, keep);
      else this.#byContainer.delete(containerId);
    }
    return missing;
  }

  #note(proxy: Proxy): void {
    this.#byContainer.set(proxy.containerId, [...(this.#byContainer.get(proxy.containerId) ?? []), proxy]);
  }

  /** Processes are the only record of proxies, so none can be forgotten. Those that serve a single connection are left to their leader. */
  #scan(): Proxy[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => this.#read(Number(name)) ?? []);
  }

  #read(pid: number): Proxy | undefined {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const mark = args.find((arg) => arg.startsWith(`-lp${this.#prefix}`));
      // Any process can call itself by this name: only one of our own binary in the host's namespaces is believed.
      if (!mark || !isOurs(pid)) return undefined;
      const identity = identifyProcess(pid);
      const [listen = '', connect = ''] = args.filter((arg) => arg !== '').slice(-2);
      return identity && groupOf(pid) === pid
        ? { ...identity, containerId: mark.slice(`-lp${this.#prefix}`.length), ...namesOf({ listen, connect }) }
        : undefined;
    } catch {
      return undefined; // ended meanwhile
    }
  }
}

const MARK = 'berth-port:';
/** As long as the kernel keeps an idle UDP flow (nf_conntrack_udp_timeout_stream is 120), rounded as docker-proxy does. */
const UDP_IDLE_SECONDS = 90;

function socatAddresses(port: PublishedPort, containerAddress: string): { listen: string; connect: string } {
  const protocol = port.protocol.toUpperCase();
  // socat binds a UDP port anew for every client, and forgets ipv6only then: so it has both families from the start.
  const common = `bind=[${port.hostIp}],ipv6only=${port.protocol === 'udp' ? 0 : 1},reuseaddr,fork`;
  const backlog = port.protocol === 'udp' ? '' : ',backlog=4096';
  return {
    listen: `${protocol}6-LISTEN:${port.hostPort},${common}${backlog}`,
    connect: `${protocol}4:${containerAddress}:${port.containerPort}`,
  };
}

function timeouts(protocol: PublishedPort['protocol']): string[] {
  // -t: after one side has ended, the other may still send for this long (a half-closed connection); default 0.5 s.
  return protocol === 'udp' ? ['-T', String(UDP_IDLE_SECONDS)] : ['-t', '86400'];
}

function namesOf(addresses: { listen: string; connect: string }): { listens: string; leads: string } {
  return { listens: addresses.listen, leads: addresses.connect };
}

function matches(proxy: Proxy, names: { listens: string; leads: string }): boolean {
  return proxy.listens === names.listens && proxy.leads === names.leads;
}

function listening(child: ChildProcess, port: PublishedPort): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = `${said}${text}`.slice(-4096);
    if (said.includes('listening on')) resolve();
  });
  const place = `[${port.hostIp}]:${port.hostPort}/${port.protocol}`;
  child.once('error', (cause) =>
    reject(new BerthError('unavailable', `failed to start the proxy of host port ${place}`, { cause })),
  );
  child.once('exit', () => {
    const reason = said.includes('Address already in use')
      ? 'address already in use'
      : (said.trim().split('\n').at(-1) ?? 'no reason given');
    reject(new BerthError('conflict', `failed to bind host port ${place}: ${reason}`));
  });
  // The proxy stays; only its messages are no longer read.
  return promise.finally(() => child.stderr?.destroy());
}

/** The proxy and its children are one process group, led by it. */
function endGroup(proxy: Proxy): void {
  if (!isRunning(proxy)) return;
  try {
    process.kill(-proxy.pid, 'SIGKILL');
  } catch {
    signalProcess(proxy.pid, SIGKILL, () => isRunning(proxy)); // ended between the check and the signal
  }
}

function isOurs(pid: number): boolean {
  const same = (file: string) => readlinkSync(`/proc/${pid}/ns/${file}`) === readlinkSync(`/proc/self/ns/${file}`);
  return (
    /\/socat\d?( \(deleted\))?$/.test(readlinkSync(`/proc/${pid}/exe`)) && same('net') && same('pid') && same('user')
  );
}

/** Field 5 of /proc/PID/stat. */
function groupOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]);
}

function findProgram(name: string): string | undefined {
  for (const directory of ['/usr/bin', '/bin', '/usr/local/bin', '/usr/sbin', '/sbin']) {
    try {
      accessSync(`${directory}/${name}`, constants.X_OK);
      return `${directory}/${name}`;
    } catch {
      // look on
    }
  }
  return undefined;
}

function missingSocat(port: PublishedPort): BerthError {
  return new BerthError(
    'unavailable',
    `failed to publish host port [${port.hostIp}]:${port.hostPort}/${port.protocol}: socat is not installed`,
    {
      hint: 'IPv6 ports are carried by socat. Install the package "socat", or publish on IPv4 only: -p 0.0.0.0:PORT:PORT.',
    },
  );
}

const SIGKILL = 9;
