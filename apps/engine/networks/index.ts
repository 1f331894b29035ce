import type { DoctorReport, NetworkResource, PortReport } from '@berth/contract';
import type { Logger } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import type { Publish } from '../events/model.ts';
import type { Database } from '../state/database.ts';
import { attachSandbox } from './attach.ts';
import { closeSandbox } from './close.ts';
import { connectContainer } from './connect.ts';
import { createNetwork } from './create.ts';
import { detachSandbox } from './detach.ts';
import { disconnectContainer } from './disconnect.ts';
import { diagnose } from './explain/doctor.ts';
import { explainPorts } from './explain/ports.ts';
import type { Filters } from './filters.ts';
import { findNetwork } from './find-network.ts';
import { inspectNetwork, listNetworks } from './list.ts';
import type { NetworkUsers, SandboxProvider } from './model.ts';
import { openSandbox } from './open.ts';
import { pruneNetworks } from './prune.ts';
import { reconcileSandboxes } from './reconcile.ts';
import { removeNetwork } from './remove.ts';
import { renameSandbox } from './resolver/book.ts';
import { destroyNetworks, startNetworks, stopNetworks } from './start.ts';
import type { NetworksState } from './state.ts';
import { NetworkStore } from './store.ts';

export { endpointFaults } from './endpoint/check.ts';
export type {
  Endpoint,
  EndpointRequest,
  NetworkUsers,
  PortWish,
  PublishedPort,
  Sandbox,
  SandboxNetworking,
  SandboxProvider,
  SandboxRequest,
} from './model.ts';
export { DRIVERS as NETWORK_DRIVERS, hasNames, isPredefined } from './model.ts';

/** Networks of one engine. `start` comes first, then `reconcile`, then the rest in any order. */
export interface Networks extends SandboxProvider {
  /** Makes links, kernel settings and rules, or brings them into order. Idempotent. */
  start(): Promise<void>;
  /** Lets go of handles and port reservations; containers, their published ports and names go on. */
  stop(): Promise<void>;
  /** Takes links and rules away; for uninstalling and tests. */
  destroy(): Promise<void>;
  /** Docker's network objects without containers. Errors: invalid (filter). */
  list(filters: Filters): NetworkResource[];
  /** By id, name or id prefix. Errors: not-found `network NAME not found`. */
  inspect(nameOrId: string): NetworkResource;
  /** Bodies are those of the API. Errors: see the verbs. */
  create(body: Readonly<Record<string, unknown>>): Promise<{ Id: string; Warning: string }>;
  remove(nameOrId: string): Promise<void>;
  prune(filters: Filters): Promise<{ NetworksDeleted: string[] | null }>;
  connect(nameOrId: string, body: Readonly<Record<string, unknown>>): Promise<void>;
  disconnect(nameOrId: string, body: Readonly<Record<string, unknown>>): Promise<void>;
  /** Every published port, who can reach it, and why. */
  explainPorts(): PortReport[];
  /** Why a lookup or connection from a container works or does not. Errors: not-found, invalid. */
  diagnose(container: string, target: string): Promise<DoctorReport>;
}

export function createNetworks(parts: {
  config: EngineConfig;
  db: Database;
  log: Logger;
  publish: Publish;
  users: NetworkUsers;
}): Networks {
  const store = new NetworkStore(parts.db);
  const state: NetworksState = {
    config: parts.config,
    log: parts.log,
    publish: parts.publish,
    users: parts.users,
    store,
    networks: new Map(store.list().map((network) => [network.id, network])),
    attached: new Map(),
    overlay: undefined,
    kernel: undefined,
  };
  return {
    start: async () => startNetworks(state),
    stop: async () => stopNetworks(state),
    destroy: () => destroyNetworks(state),
    open: (request) => openSandbox(state, request),
    attach: (request) => attachSandbox(state, request),
    detach: (containerId, sandbox, networkId) => detachSandbox(state, containerId, sandbox, networkId),
    close: (containerId, sandbox) => closeSandbox(state, containerId, sandbox),
    reconcile: (live) => reconcileSandboxes(state, live),
    rename: (containerId, containerName) => renameSandbox(state, containerId, containerName),
    find: (nameOrId) => findNetwork(state.networks.values(), nameOrId),
    list: (filters) => listNetworks(state, filters),
    inspect: (nameOrId) => inspectNetwork(state, nameOrId),
    create: (body) => createNetwork(state, body),
    remove: (nameOrId) => removeNetwork(state, nameOrId),
    prune: (filters) => pruneNetworks(state, filters),
    connect: (nameOrId, body) => connectContainer(state, nameOrId, body),
    disconnect: (nameOrId, body) => disconnectContainer(state, nameOrId, body),
    explainPorts: () => explainPorts(state),
    diagnose: (container, target) => diagnose(state, container, target),
  };
}
