import type { NamedSandbox } from '../resolver/protocol.ts';
import { kernelOf, type NetworksState } from '../state.ts';
import type { ClusterView } from './apply.ts';
import type { ClusterEndpoint } from './model.ts';

/** What the resolver was told of containers of other hosts. */
const told = new WeakMap<NetworksState, Map<string, string>>();

/**
 * Tells the resolver of the containers of other hosts that are in a network with one of this host. Resolves when it has
 * them.
 */
export function bookRemotes(state: NetworksState, view: ClusterView): Promise<void> {
  const { resolver } = kernelOf(state);
  const known = told.get(state) ?? new Map<string, string>();
  told.set(state, known);
  const wanted = new Map(namedRemotes(state, view).map((sandbox) => [sandbox.id, sandbox]));
  const work: Promise<unknown>[] = [];
  for (const id of [...known.keys()]) {
    if (wanted.has(id)) continue;
    known.delete(id);
    resolver.drop(id);
  }
  for (const [id, sandbox] of wanted) {
    const text = JSON.stringify(sandbox);
    if (known.get(id) === text) continue;
    known.set(id, text);
    work.push(
      resolver.set(sandbox).catch((error: unknown) => {
        known.delete(id);
        state.log.warn('the name of a container of another host is not known', { id, error });
      }),
    );
  }
  return Promise.all(work).then(() => undefined);
}

/** The process was lost: what it knew is to be told again. */
export function forgetRemotes(state: NetworksState): void {
  told.delete(state);
}

export function namedRemotes(state: NetworksState, view: ClusterView): NamedSandbox[] {
  const used = new Set<string>();
  for (const { sandbox } of state.attached.values()) for (const { networkId } of sandbox.endpoints) used.add(networkId);
  return [...view.endpoints.values()].filter(({ networkId }) => used.has(networkId)).map(namedRemote);
}

function namedRemote({ endpointId, networkId, networkName, ipv4, ipv6, names }: ClusterEndpoint): NamedSandbox {
  return {
    ...{ id: `remote-${endpointId}`, namespacePath: '', udpPort: 0, tcpPort: 0, dns: [], outside: false },
    networks: [{ networkId, networkName, ipv4, ipv6, names, links: [] }],
  };
}
