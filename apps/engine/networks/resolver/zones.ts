import type { NamedEndpoint, NamedSandbox } from './protocol.ts';

/** What a name means to a container. Without addresses of the family asked for, it is known all the same. */
export interface Holder {
  ipv4: string;
  ipv6: string;
}

/** Who is called what in which network. All names are compared without regard to case. */
export class Zones {
  readonly #sandboxes = new Map<string, NamedSandbox>();
  readonly #names = new Map<string, Map<string, Holder[]>>();
  readonly #addresses = new Map<string, Map<string, string>>();
  #turn = 0;

  get size(): number {
    return this.#sandboxes.size;
  }

  get(id: string): NamedSandbox | undefined {
    return this.#sandboxes.get(id);
  }

  ids(): string[] {
    return [...this.#sandboxes.keys()];
  }

  /** Adds a container, or takes the place of what was known of it. */
  set(sandbox: NamedSandbox): void {
    this.delete(sandbox.id);
    this.#sandboxes.set(sandbox.id, sandbox);
    for (const endpoint of sandbox.networks) this.#add(endpoint);
  }

  delete(id: string): void {
    const sandbox = this.#sandboxes.get(id);
    if (!sandbox) return;
    this.#sandboxes.delete(id);
    for (const endpoint of sandbox.networks) this.#remove(endpoint);
  }

  /**
   * Everybody of this name in the first network of a container that has the name; undefined when none has. `web.front`
   * also means `web` of the network `front`. Several take turns at being first.
   */
  lookUp(sandbox: NamedSandbox, name: string): Holder[] | undefined {
    const wanted = name.toLowerCase().replace(/\.$/, '');
    const dot = wanted.lastIndexOf('.');
    for (const endpoint of sandbox.networks) {
      const found = this.#inNetwork(endpoint, wanted);
      if (found) return this.#inTurn(found);
      if (dot > 0 && endpoint.networkName.toLowerCase() === wanted.slice(dot + 1)) {
        const qualified = this.#inNetwork(endpoint, wanted.slice(0, dot));
        if (qualified) return this.#inTurn(qualified);
      }
    }
    return undefined;
  }

  /** `web.front` for an address of one of a container's networks. */
  nameOf(sandbox: NamedSandbox, address: string): string | undefined {
    for (const { networkId, networkName } of sandbox.networks) {
      const name = this.#addresses.get(networkId)?.get(address);
      if (name !== undefined) return `${name}.${networkName}`;
    }
    return undefined;
  }

  #inNetwork({ networkId, links }: NamedEndpoint, name: string): Holder[] | undefined {
    const names = this.#names.get(networkId);
    const link = links.find((text) => aliasOf(text) === name);
    return (link === undefined ? undefined : names?.get(targetOf(link))) ?? names?.get(name);
  }

  #inTurn(holders: readonly Holder[]): Holder[] {
    if (holders.length === 1) return [...holders];
    const first = this.#turn++ % holders.length;
    return [...holders.slice(first), ...holders.slice(0, first)];
  }

  #add(endpoint: NamedEndpoint): void {
    const { networkId, ipv4, ipv6, names } = endpoint;
    const inNetwork = entry(this.#names, networkId);
    const holder: Holder = { ipv4, ipv6 };
    for (const name of new Set(names.map((text) => text.toLowerCase())))
      inNetwork.set(name, [...(inNetwork.get(name) ?? []), holder]);
    const addresses = entry(this.#addresses, networkId);
    for (const address of [ipv4, ipv6]) if (address !== '' && names[0] !== undefined) addresses.set(address, names[0]);
  }

  #remove({ networkId, ipv4, ipv6, names }: NamedEndpoint): void {
    const inNetwork = this.#names.get(networkId);
    for (const name of new Set(names.map((text) => text.toLowerCase()))) {
      const rest = (inNetwork?.get(name) ?? []).filter((holder) => holder.ipv4 !== ipv4 || holder.ipv6 !== ipv6);
      if (rest.length > 0) inNetwork?.set(name, rest);
      else inNetwork?.delete(name);
    }
    const addresses = this.#addresses.get(networkId);
    for (const address of [ipv4, ipv6]) addresses?.delete(address);
    if (inNetwork?.size === 0) this.#names.delete(networkId);
    if (addresses?.size === 0) this.#addresses.delete(networkId);
  }
}

function entry<K, V>(maps: Map<string, Map<K, V>>, key: string): Map<K, V> {
  let map = maps.get(key);
  if (!map) {
    map = new Map();
    maps.set(key, map);
  }
  return map;
}

function targetOf(link: string): string {
  return (link.split(':')[0] ?? '').toLowerCase();
}

function aliasOf(link: string): string {
  const [target = '', alias = target] = link.split(':');
  return alias.toLowerCase();
}
