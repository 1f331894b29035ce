import { BerthError, type Logger } from '@berth/kit';
import type { EngineConfig } from '../config.ts';
import type { Publish } from '../events/model.ts';
import type { SetElements } from '../linux/nfnetlink.ts';
import type { Nftables } from '../linux/nftables.ts';
import type { Rtnetlink } from '../linux/rtnetlink.ts';
import type { AddressAllocator } from './address-allocator.ts';
import type { BridgeOptions } from './bridge/options.ts';
import type { Subnet } from './ip-address.ts';
import type { ParentOptions } from './macvlan/options.ts';
import type { NetworkRecord, NetworkUsers, Sandbox } from './model.ts';
import type { Overlay } from './overlay/overlay.ts';
import type { Proxies } from './ports/proxies.ts';
import type { PortReservations } from './ports/reserve.ts';
import type { StaleFlows } from './ports/stale-flows.ts';
import type { Resolver } from './resolver/resolver.ts';
import type { NetworkStore } from './store.ts';

/** What the verbs of networks share. */
export interface NetworksState {
  readonly config: EngineConfig;
  readonly log: Logger;
  readonly publish: Publish;
  readonly store: NetworkStore;
  /** Containers, as far as networks have to know. */
  readonly users: NetworkUsers;
  /** By id. */
  readonly networks: Map<string, NetworkRecord>;
  /** Containers that have a network now, by id. */
  readonly attached: Map<string, { containerName: string; sandbox: Sandbox }>;
  /** Present between start and stop, where a cluster store is configured. */
  overlay: Overlay | undefined;
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
  /** Whether programs carry published IPv6 ports to containers that have only IPv4. */
  readonly carriesIpv6: boolean;
  /** Networks that have links on this host, by id. */
  readonly live: Map<string, LiveNetwork>;
  /** Answers names; nothing runs as long as no network has names. */
  readonly resolver: Resolver;
  /** Watches the rules while the engine runs. */
  guard: { close(): void } | undefined;
}

/** What stands on this host for a network that containers get links to. */
export interface LiveNetwork {
  readonly network: NetworkRecord;
  readonly pools: readonly Pool[];
  /** Bytes; as of the host's way out, unless the network has one of its own. */
  mtu: number;
  readonly link: NetworkLink;
}

/** The link of the host that those of containers hang on; `index` changes when somebody removed it and it was made again. */
export type NetworkLink =
  | {
      kind: 'bridge';
      name: string;
      index: number;
      options: BridgeOptions;
      /** The link to other hosts that is in the bridge, of a network over several. */
      tunnel?: { name: string; index: number };
    }
  | { kind: 'parent'; name: string; index: number; options: ParentOptions };

/** A subnet and who has its addresses. */
export interface Pool {
  readonly subnet: Subnet;
  /** undefined where the network has no way out by it. */
  readonly gateway: bigint | undefined;
  readonly addresses: AddressAllocator;
  /** What containers may wish for: undefined where the user named no subnet. */
  readonly choice: Subnet | undefined;
}

/** The bridges among the networks that stand. */
export function bridgesOf(
  kernel: Kernel,
): { live: LiveNetwork; name: string; index: number; options: BridgeOptions }[] {
  return [...kernel.live.values()].flatMap((live) => (live.link.kind === 'bridge' ? [{ live, ...live.link }] : []));
}

export function kernelOf(state: NetworksState): Kernel {
  if (!state.kernel) throw new BerthError('unavailable', "the engine's networks are not started");
  return state.kernel;
}

/** Directory of namespace files. */
export function namespaceDirectory(config: EngineConfig): string {
  return `${config.execRoot}/ns`;
}
