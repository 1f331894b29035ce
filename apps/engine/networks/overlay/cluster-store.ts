import { BerthError } from '@berth/kit';
import type { Change, Etcd } from './etcd.ts';
import { type ClusterEndpoint, type ClusterNetwork, readClusterEndpoint, readClusterNetwork } from './model.ts';

/** Everything that the store holds, and the revision at which it did. */
export interface Snapshot {
  revision: bigint;
  networks: ClusterNetwork[];
  endpoints: StoredEndpoint[];
}

export interface StoredEndpoint extends ClusterEndpoint {
  /** Under which it is kept. */
  key: string;
  /** By which an address that was given again is told from the one meant. */
  created: string;
}

/** A change of the store in our words. */
export type ClusterChange =
  | { kind: 'network'; network: ClusterNetwork }
  | { kind: 'network-gone'; id: string }
  | { kind: 'endpoint'; key: string; endpoint: ClusterEndpoint }
  | { kind: 'endpoint-gone'; key: string };

/**
 * The records of networks over several hosts. Below the prefix: `networks/ID`; `names/NAME`, `vnis/NUMBER` and
 * `subnets/CIDR`, which make each of these one network's; `addresses/ID/IP`, which gives an address to one container. A
 * container with two addresses is described by the first; the other only points to it.
 * Errors of all: those of Etcd.
 */
export class ClusterStore {
  readonly #etcd: Etcd;
  readonly #prefix: string;

  constructor(etcd: Etcd, prefix: string) {
    this.#etcd = etcd;
    this.#prefix = prefix;
  }

  async read(): Promise<Snapshot> {
    const { revision, entries } = await this.#etcd.list(this.#prefix);
    const snapshot: Snapshot = { revision: BigInt(revision), networks: [], endpoints: [] };
    for (const { key, value, created } of entries) {
      const change = this.#changeOf({ key, value });
      if (change?.kind === 'network') snapshot.networks.push(change.network);
      if (change?.kind === 'endpoint') snapshot.endpoints.push({ ...change.endpoint, key, created });
    }
    return snapshot;
  }

  watch(from: bigint, tell: (changes: ClusterChange[]) => void, signal: AbortSignal): Promise<never> {
    return this.#etcd.watch(
      this.#prefix,
      from,
      (changes) => tell(changes.flatMap((change) => this.#changeOf(change) ?? [])),
      signal,
    );
  }

  /** Enters a network. Errors: conflict (its name, number or subnet is another's). */
  async addNetwork(network: ClusterNetwork): Promise<void> {
    const owned = this.#ownedBy(network);
    const conditions = owned.map((key) => ({ absent: key }));
    const put = { ...Object.fromEntries(owned.map((key) => [key, network.id])) };
    put[this.#networkKey(network.id)] = JSON.stringify(network);
    if (await this.#etcd.change(conditions, { put })) return;
    for (const key of owned) {
      if (!(await this.#etcd.get(key))) continue;
      const what = key.slice(this.#prefix.length).replace('/', ' ');
      throw new BerthError('conflict', `network with name ${network.name} cannot be made: ${what} is taken`, {
        hint: 'An engine of the same cluster store has it.',
      });
    }
    throw new BerthError('conflict', `network ${network.name} cannot be made: another was made at the same time`);
  }

  /** Numbers that networks have. */
  async takenVnis(): Promise<Set<number>> {
    const { entries } = await this.#etcd.list(`${this.#prefix}vnis/`);
    return new Set(entries.map(({ key }) => Number(key.slice(key.lastIndexOf('/') + 1))));
  }

  /** Errors: forbidden (`has active endpoints`). */
  async removeNetwork(network: ClusterNetwork): Promise<void> {
    const below = `${this.#prefix}addresses/${network.id}/`;
    const gone = [this.#networkKey(network.id), ...this.#ownedBy(network)];
    if (await this.#etcd.change([{ noneBelow: below }], { delete: gone })) return;
    const { entries } = await this.#etcd.list(below);
    const ends = entries.flatMap(({ value }) => {
      const endpoint = readClusterEndpoint(value);
      return endpoint ? [`name:"${endpoint.containerName}" host:${endpoint.vtep}`] : [];
    });
    throw new BerthError(
      'forbidden',
      `error while removing network: network ${network.name} has active endpoints (${ends.join(', ')})`,
    );
  }

  /**
   * Gives the addresses of an endpoint to it. False when another container of the cluster has one of them.
   * Errors: not-found (the network was removed meanwhile).
   */
  async claim(endpoint: ClusterEndpoint): Promise<boolean> {
    const [key = '', ...more] = this.#addressKeys(endpoint);
    const network = this.#networkKey(endpoint.networkId);
    const put: Record<string, string> = { [key]: JSON.stringify(endpoint) };
    for (const other of more) put[other] = endpoint.endpointId;
    const conditions = [{ present: network }, ...[key, ...more].map((absent) => ({ absent }))];
    if (await this.#etcd.change(conditions, { put })) return true;
    if (await this.#etcd.get(network)) return false;
    throw new BerthError('not-found', `network ${endpoint.networkName} not found: it was removed from the cluster`);
  }

  /** Says anew what is known of an endpoint that has its addresses. */
  async update(endpoint: ClusterEndpoint): Promise<void> {
    const [key = ''] = this.#addressKeys(endpoint);
    await this.#etcd.change([{ present: key }], { put: { [key]: JSON.stringify(endpoint) } });
  }

  /** Gives the addresses back; does nothing where they are another's by now. */
  async release(endpoint: ClusterEndpoint): Promise<void> {
    const [key = '', ...more] = this.#addressKeys(endpoint);
    const found = await this.#etcd.get(key);
    if (!found || readClusterEndpoint(found.value)?.endpointId !== endpoint.endpointId) return;
    await this.#etcd.change([{ key, created: found.created }], { delete: [key, ...more] });
  }

  close(): void {
    this.#etcd.close();
  }

  #changeOf({ key, value }: Change): ClusterChange | undefined {
    const [kind, id = ''] = key.slice(this.#prefix.length).split('/');
    if (kind === 'networks') {
      if (value === undefined) return { kind: 'network-gone', id };
      const network = readClusterNetwork(value);
      return network?.id === id ? { kind: 'network', network } : undefined;
    }
    if (kind !== 'addresses') return undefined;
    if (value === undefined) return { kind: 'endpoint-gone', key };
    const endpoint = readClusterEndpoint(value);
    return endpoint?.networkId === id ? { kind: 'endpoint', key, endpoint } : undefined;
  }

  #networkKey(id: string): string {
    return `${this.#prefix}networks/${id}`;
  }

  #ownedBy({ name, spec }: ClusterNetwork): string[] {
    const subnets = spec.pools.map(({ subnet }) => `${this.#prefix}subnets/${subnet}`);
    return [`${this.#prefix}names/${name}`, `${this.#prefix}vnis/${spec.vni}`, ...subnets];
  }

  #addressKeys({ networkId, ipv4, ipv6 }: ClusterEndpoint): string[] {
    return [ipv4, ipv6].filter((ip) => ip !== '').map((ip) => `${this.#prefix}addresses/${networkId}/${ip}`);
  }
}
