import { BerthError, type Logger } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import type { Publish } from '../events/model.ts';
import type { SetElements } from '../linux/nfnetlink.ts';
import type { Nftables } from '../linux/nftables.ts';
import type { Rtnetlink } from '../linux/rtnetlink.ts';
import type { AddressAllocator } from './address-allocator.ts';
import type { NetworkRecord, Sandbox } from './model.ts';
import type { Proxies } from './ports/proxies.ts';
import type { PortReservations } from './ports/reserve.ts';
import type { StaleFlows } from './ports/stale-flows.ts';
import type { NetworkStore } from './store.ts';

/** What the verbs of networks share. */
export interface NetworksState {
  readonly config: EngineConfig;
  readonly log: Logger;
  readonly publish: Publish;
  readonly store: NetworkStore;
  /** By id; the three built-in ones for now. */
  readonly networks: Map<string, NetworkRecord>;
  /** Containers that have a network now, by id. */
  readonly attached: Map<string, { containerName: string; sandbox: Sandbox }>;
  /** Present between start and stop. */
  kernel: Kernel | undefined;
}

/** Handles on the host's kernel, and what stands there. */
export interface Kernel {
  readonly route: Rtnetlink;
  readonly nft: Nftables;
  readonly elements: SetElements;
  readonly ports: PortReservations;
  readonly proxies: Proxies;
  readonly flows: StaleFlows;
  /** By network id. */
  readonly bridges: Map<string, Bridge>;
  /** Watches the rules while the engine runs. */
  guard: { close(): void } | undefined;
}

/** The link and the addresses behind a network of the driver `bridge`. */
export interface Bridge {
  readonly network: NetworkRecord;
  /** Name of the link. */
  readonly name: string;
  /** Of the link; changes when somebody removed it and it was made again. */
  index: number;
  /** Bytes; as of the host's way out. */
  mtu: number;
  readonly gateway: number;
  readonly prefixLength: number;
  readonly addresses: AddressAllocator;
}

export function kernelOf(state: NetworksState): Kernel {
  if (!state.kernel) throw new BerthError('unavailable', "the engine's networks are not started");
  return state.kernel;
}

/** Directory of namespace files. */
export function namespaceDirectory(config: EngineConfig): string {
  return `${config.execRoot}/ns`;
}
