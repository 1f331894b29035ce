import type { Scope } from '@berth/kit';
import { hasNames, type Sandbox } from '../model.ts';
import { bookRemotes, forgetRemotes, namedRemotes } from '../overlay/names.ts';
import { kernelOf, type NetworksState } from '../state.ts';
import type { NamedSandbox } from './protocol.ts';
import { leadToResolver } from './rules.ts';

/**
 * Enters a container with its names and lets its port 53 lead to the resolver; `sandbox.resolver` says so afterwards.
 * `scope` takes it back. Errors: unavailable.
 */
export async function bookSandbox(
  state: NetworksState,
  scope: Scope,
  containerId: string,
  sandbox: Sandbox,
  dns: readonly string[],
): Promise<void> {
  const { resolver } = kernelOf(state);
  const before = state.attached.get(containerId)?.sandbox;
  sandbox.resolver ??= { udpPort: 0, tcpPort: 0, dns: [...dns] };
  const ports = await resolver.set(namedSandbox(state, containerId, sandbox));
  scope.add('names', async () => {
    if (before?.resolver) await resolver.set(namedSandbox(state, containerId, before));
    else resolver.drop(containerId);
  });
  lead(sandbox, ports);
}

/** Tells the resolver of changes of a container that it knows. */
export async function rebookSandbox(state: NetworksState, containerId: string, sandbox: Sandbox): Promise<void> {
  if (!sandbox.resolver) return;
  lead(sandbox, await kernelOf(state).resolver.set(namedSandbox(state, containerId, sandbox)));
}

export function forgetSandbox(state: NetworksState, containerId: string): void {
  kernelOf(state).resolver.drop(containerId);
}

/** Makes the resolver know exactly the containers that there are: at start, and when its process was lost. */
export async function adoptSandboxes(state: NetworksState): Promise<void> {
  const { resolver } = kernelOf(state);
  const named = [...state.attached].filter(([, { sandbox }]) => sandbox.resolver);
  const remotes = state.overlay ? namedRemotes(state, state.overlay.view) : [];
  if (named.length === 0) {
    if ([...state.networks.values()].some(hasNames)) resolver.expect();
    else await resolver.end();
    return;
  }
  await resolver.keep([...named.map(([id]) => id), ...remotes.map(({ id }) => id)]);
  for (const [id, { sandbox, containerName }] of named) {
    try {
      await rebookSandbox(state, id, sandbox);
    } catch (error) {
      state.log.error('a container cannot look up names; restart it', { container: containerName, error });
    }
  }
  forgetRemotes(state);
  if (state.overlay) await bookRemotes(state, state.overlay.view);
}

/** The process was lost: another takes its place at once. */
export function restoreNames(state: NetworksState): void {
  if (!state.kernel) return;
  if (![...state.attached.values()].some(({ sandbox }) => sandbox.resolver)) return;
  state.log.warn('the resolver of container names ended; starting another');
  adoptSandboxes(state).catch((error: unknown) => {
    state.log.error('names of containers cannot be answered', { error });
    setTimeout(() => restoreNames(state), AGAIN_MS).unref();
  });
}

/** A container has another name; gives its sandbox when others know it by that. */
export async function renameSandbox(
  state: NetworksState,
  containerId: string,
  containerName: string,
): Promise<Sandbox | undefined> {
  const attached = state.attached.get(containerId);
  if (!attached) return undefined;
  const before = attached.containerName;
  attached.containerName = containerName;
  if (!attached.sandbox.resolver) return undefined;
  const endpoints = attached.sandbox.endpoints.map((endpoint) =>
    endpoint.dnsNames
      ? { ...endpoint, dnsNames: [...new Set([containerName, ...endpoint.dnsNames.filter((name) => name !== before)])] }
      : endpoint,
  );
  const sandbox = { ...attached.sandbox, endpoints };
  state.attached.set(containerId, { containerName, sandbox });
  state.overlay?.update(containerId, containerName, sandbox);
  try {
    await rebookSandbox(state, containerId, sandbox);
  } catch (error) {
    // The container is renamed all the same; a resolver that comes back is told of it then.
    state.log.warn('the resolver of container names does not know a new name yet', { container: containerName, error });
  }
  return sandbox;
}

function lead(sandbox: Sandbox, ports: { udpPort: number; tcpPort: number }): void {
  const { resolver, namespacePath } = sandbox;
  if (!resolver || namespacePath === undefined) return;
  if (resolver.udpPort === ports.udpPort && resolver.tcpPort === ports.tcpPort) return;
  leadToResolver(namespacePath, ports);
  sandbox.resolver = { ...resolver, ...ports };
}

function namedSandbox(state: NetworksState, containerId: string, sandbox: Sandbox): NamedSandbox {
  const { udpPort = 0, tcpPort = 0, dns = [] } = sandbox.resolver ?? {};
  const networks = sandbox.endpoints.flatMap(({ networkId }) => state.networks.get(networkId) ?? []);
  return {
    ...{ id: containerId, namespacePath: sandbox.namespacePath ?? '', udpPort, tcpPort, dns },
    outside: networks.some(({ spec }) => !spec.internal),
    networks: sandbox.endpoints
      .filter(({ dnsNames }) => dnsNames !== undefined)
      .map(({ networkId, networkName, ipAddress, ipv6Address, dnsNames = [], links = [] }) => ({
        ...{ networkId, networkName, ipv4: ipAddress, ipv6: ipv6Address, names: dnsNames, links },
      })),
  };
}

const AGAIN_MS = 1000;
