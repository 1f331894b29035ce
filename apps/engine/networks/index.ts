import type { NetworkResource } from '@berth/contract';
import type { Logger } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import type { Publish } from '../events/model.ts';
import type { Database } from '../state/database.ts';
import { closeSandbox } from './close.ts';
import { inspectNetwork, listNetworks } from './list.ts';
import type { SandboxProvider } from './model.ts';
import { openSandbox } from './open.ts';
import { reconcileSandboxes } from './reconcile.ts';
import { destroyNetworks, startNetworks, stopNetworks } from './start.ts';
import type { NetworksState } from './state.ts';
import { NetworkStore } from './store.ts';

export type { Endpoint, PortWish, PublishedPort, Sandbox, SandboxProvider, SandboxRequest } from './model.ts';

/** Networks of one engine. `start` comes first, then `reconcile`, then the rest in any order. */
export interface Networks extends SandboxProvider {
  /** Makes bridge, kernel settings and rules, or brings them into order. Idempotent. */
  start(): Promise<void>;
  /** Lets go of handles and port reservations; containers and their published ports go on. */
  stop(): Promise<void>;
  /** Takes bridge and rules away; for uninstalling and tests. */
  destroy(): Promise<void>;
  /** Tells that a container has another name now, for `inspect` and error hints. */
  rename(containerId: string, containerName: string): void;
  /** Docker's network objects without containers. Errors: invalid (filter). */
  list(filters: Readonly<Record<string, readonly string[]>>): NetworkResource[];
  /** By id, name or id prefix. Errors: not-found `network NAME not found`. */
  inspect(nameOrId: string): NetworkResource;
}

export function createNetworks(parts: { config: EngineConfig; db: Database; log: Logger; publish: Publish }): Networks {
  const store = new NetworkStore(parts.db);
  const state: NetworksState = {
    config: parts.config,
    log: parts.log,
    publish: parts.publish,
    store,
    networks: new Map(store.list().map((network) => [network.id, network])),
    attached: new Map(),
    kernel: undefined,
  };
  return {
    start: async () => startNetworks(state),
    stop: async () => stopNetworks(state),
    destroy: () => destroyNetworks(state),
    open: (request) => openSandbox(state, request),
    close: (containerId, sandbox) => closeSandbox(state, containerId, sandbox),
    reconcile: (live) => reconcileSandboxes(state, live),
    rename: (containerId, containerName) => {
      const attached = state.attached.get(containerId);
      if (attached) attached.containerName = containerName;
    },
    list: (filters) => listNetworks(state, filters),
    inspect: (nameOrId) => inspectNetwork(state, nameOrId),
  };
}
