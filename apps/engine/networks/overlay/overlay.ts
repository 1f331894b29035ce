import { readFileSync } from 'node:fs';
import { BerthError, isBerthError, type Logger, type Scope } from '@berth/kit';
import type { Endpoint, NetworkRecord, NetworkSpec, Sandbox } from '../model.ts';
import { kernelOf, type NetworksState } from '../state.ts';
import { applySnapshot, type ClusterView, change } from './apply.ts';
import { ClusterStore } from './cluster-store.ts';
import { Etcd, type TlsMaterial } from './etcd.ts';
import { follow } from './follow.ts';
import type { ClusterEndpoint } from './model.ts';
import { readOverlayOptions } from './options.ts';

/** The engine's share in networks over several hosts; there is one where a cluster store is configured. */
export class Overlay {
  /** IPv4 address of this host's end of all tunnels. */
  readonly vtep: string;
  /** What is known of the other hosts. */
  readonly view: ClusterView;
  readonly #state: NetworksState;
  readonly #store: ClusterStore;
  readonly #log: Logger;
  readonly #end = new AbortController();
  /** Addresses on their way back to the cluster. */
  readonly #releasing = new Set<Promise<void>>();
  readonly #first = Promise.withResolvers<void>();

  constructor(state: NetworksState, vtep: string) {
    const { clusterStore = '', clusterStoreOpts: options } = state.config;
    const tls = readTlsFiles(options);
    const { urls, prefix } = readStoreAddress(clusterStore, { path: options['kv.path'], tls: tls !== undefined });
    this.vtep = vtep;
    this.view = {
      host: hostIdOf(state),
      endpoints: new Map(state.store.remoteEndpoints().map((one) => [one.key, one])),
      joining: new Set(),
      making: new Set(),
    };
    this.#state = state;
    this.#log = state.log;
    this.#store = new ClusterStore(new Etcd({ urls, tls }), prefix);
    this.#first.promise.catch(() => undefined);
  }

  /** Follows the store from now on. What is known already stands while it does not answer. */
  begin(): void {
    const work = follow(this.#store, this.#log, this.#end.signal, {
      snapshot: async (snapshot) => {
        await applySnapshot(this.#state, this.view, this.#store, this.vtep, snapshot);
        this.#first.resolve();
      },
      changes: (changes) => {
        for (const one of changes) change(this.#state, this.view, one);
      },
    });
    work.catch((error: unknown) => this.#log.error('networks over several hosts are no longer followed', { error }));
  }

  close(): void {
    this.#end.abort();
    this.#store.close();
  }

  /** Enters a new network in the store; gives its spec with the number that it got. Errors: conflict, unavailable. */
  async add(network: NetworkRecord): Promise<NetworkSpec> {
    await this.#ready();
    const { vni } = readOverlayOptions(network.spec.options);
    const taken = vni === undefined ? await this.#store.takenVnis() : new Set<number>();
    let number = vni ?? FIRST_VNI;
    while (taken.has(number)) number++;
    const spec = { ...network.spec, vni: number };
    const { id, name, createdAt } = network;
    this.view.making.add(id);
    try {
      await this.#store.addNetwork({ id, name, createdAt, spec });
    } finally {
      this.view.making.delete(id); // whoever waits for this goes on before any word of the store is heard
    }
    return spec;
  }

  /**
   * Takes a network from the store. Containers that just ended, here or on another host, may not have given their
   * addresses back yet: a refusal is asked about again for a moment. Errors: forbidden (containers of other hosts are in
   * it), unavailable.
   */
  async remove({ id, name, createdAt, spec }: NetworkRecord): Promise<void> {
    await Promise.allSettled(this.#releasing);
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#store.removeNetwork({ id, name, createdAt, spec: { ...spec, vni: spec.vni ?? 0 } });
      } catch (error) {
        if (!isBerthError(error, 'forbidden') || attempt === REMOVAL_ATTEMPTS) throw error;
        await new Promise((next) => setTimeout(next, REMOVAL_PAUSE_MS));
      }
    }
  }

  /** Gets the addresses of an endpoint from the cluster; `scope` gives them back. False when another host has one. */
  async claim(scope: Scope, container: { id: string; name: string }, endpoint: Endpoint): Promise<boolean> {
    await this.#ready();
    const record = recordOf(this, container, endpoint);
    if (!(await this.#store.claim(record))) return false;
    scope.add('address in the cluster', () => this.#release(record));
    return true;
  }

  /** A container left the network, or has another name. Nobody waits for the store; what it misses is made good later. */
  release(containerId: string, containerName: string, endpoints: readonly Endpoint[]): void {
    for (const endpoint of this.#mine(endpoints)) {
      this.#release(recordOf(this, { id: containerId, name: containerName }, endpoint)).catch((error: unknown) =>
        this.#log.warn('an address is given back to the cluster later', { address: endpoint.ipAddress, error }),
      );
    }
  }

  update(containerId: string, containerName: string, { endpoints }: Sandbox): void {
    for (const endpoint of this.#mine(endpoints)) {
      this.#store
        .update(recordOf(this, { id: containerId, name: containerName }, endpoint))
        .catch((error: unknown) => this.#log.warn('other hosts learn of a new name later', { containerName, error }));
    }
  }

  async #release(record: ClusterEndpoint): Promise<void> {
    const work = this.#store.release(record);
    this.#releasing.add(work);
    await work.finally(() => this.#releasing.delete(work));
  }

  #mine(endpoints: readonly Endpoint[]): Endpoint[] {
    return endpoints.filter(({ networkId }) => this.#state.networks.get(networkId)?.driver === 'overlay');
  }

  /** What the store holds is known. Errors: unavailable. */
  async #ready(): Promise<void> {
    kernelOf(this.#state);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(unreachable(this.#state.config.clusterStore ?? '')), PATIENCE_MS);
    await Promise.race([this.#first.promise, late.promise]).finally(() => clearTimeout(timer));
  }
}

/** What other hosts are told of an endpoint. */
export function recordOf(
  overlay: Pick<Overlay, 'vtep' | 'view'>,
  container: { id: string; name: string },
  endpoint: Endpoint,
): ClusterEndpoint {
  const { endpointId, networkId, networkName, macAddress, ipAddress, ipv6Address, dnsNames = [] } = endpoint;
  return {
    ...{ endpointId, networkId, networkName, host: overlay.view.host, vtep: overlay.vtep },
    ...{ containerId: container.id, containerName: container.name, macAddress },
    ...{ ipv4: ipAddress, ipv6: ipv6Address, names: dnsNames },
  };
}

/** The files of `cluster-store-opts`, read. Errors: invalid, naming one that cannot be read. */
function readTlsFiles(options: Readonly<Record<string, string>>): TlsMaterial | undefined {
  const read = (key: string) => {
    const path = options[key];
    if (path === undefined) return undefined;
    try {
      return readFileSync(path);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new BerthError('invalid', `cluster-store-opts: ${key} cannot be read: ${why}`, { cause });
    }
  };
  const material = { ca: read('kv.cacertfile'), cert: read('kv.certfile'), key: read('kv.keyfile') };
  return Object.values(material).some((bytes) => bytes !== undefined) ? material : undefined;
}

/**
 * `etcd://a:2379,b:2379/path`, as Docker wrote it, or with http and https; `etcd` is https where there are files for TLS.
 * Errors: invalid.
 */
export function readStoreAddress(
  text: string,
  { path = '', tls = false }: { path?: string | undefined; tls?: boolean } = {},
): { urls: string[]; prefix: string } {
  const match = /^(etcd|https?):\/\/([^/]+)(\/.*)?$/.exec(text);
  const hosts = (match?.[2] ?? '')
    .split(',')
    .filter((host) => /^[\w.-]+(:\d{1,5})?$|^\[[0-9a-fA-F:]+\](:\d{1,5})?$/.test(host));
  if (!match || hosts.length === 0 || hosts.length !== match[2]!.split(',').length) {
    throw new BerthError('invalid', `invalid cluster-store ${JSON.stringify(text)}`, {
      hint: 'It is etcd://HOST:PORT[,HOST:PORT…][/PATH], with https in the place of etcd for TLS.',
    });
  }
  const scheme = match[1] === 'https' || (match[1] === 'etcd' && tls) ? 'https' : 'http';
  const base = `${match[3] ?? ''}/${path}`.replaceAll(/\/+/g, '/').replace(/^\/|\/$/g, '');
  const urls = hosts.map((host) => `${scheme}://${/:\d+$/.test(host) ? host : `${host}:2379`}`);
  return { urls, prefix: base === '' ? 'berth/networks/v1/' : `${base}/berth/networks/v1/` };
}

/** Sixteen hexadecimal digits that are this engine's for ever: of the id of its own default network. */
function hostIdOf(state: NetworksState): string {
  const own = [...state.networks.values()].find(({ name }) => name === 'bridge');
  return (own?.id ?? '').slice(0, 16);
}

function unreachable(store: string): BerthError {
  return new BerthError('unavailable', `the cluster store ${store} was not reached yet`, {
    hint: 'Networks over several hosts need it for new containers; those that run go on.',
  });
}

/** Below it are numbers that people choose by hand; Docker begins there, too. */
const FIRST_VNI = 4097;
const PATIENCE_MS = 3000;
const REMOVAL_ATTEMPTS = 6;
const REMOVAL_PAUSE_MS = 100;
