import { randomBytes } from 'node:crypto';
import { BerthError } from '@berth/kit';
import { readBridgeOptions } from './bridge/options.ts';
import { linkNameOf } from './bridge/start-bridge.ts';
import { checkIpam } from './check-ipam.ts';
import { choosePools } from './choose-pools.ts';
import { type NetworkWish, readNetworkWish } from './create-body.ts';
import { tryLink } from './endpoint/link.ts';
import { findNetwork } from './find-network.ts';
import { addRules } from './guard-rules.ts';
import { bringUp } from './live-network.ts';
import { readParentOptions } from './macvlan/options.ts';
import { type DriverName, type NetworkRecord, type NetworkSpec, NO_SPEC } from './model.ts';
import { checkOptionNames } from './option-names.ts';
import { noClusterStore } from './overlay/advertise.ts';
import { readOverlayOptions } from './overlay/options.ts';
import { takeDown } from './remove.ts';
import { bridgesOf, kernelOf, type NetworksState, namespaceDirectory } from './state.ts';

/**
 * POST /networks/create. Errors: invalid, forbidden (predefined name, overlapping subnets), conflict (name taken, no free
 * subnet), not-found (driver, template), not-supported.
 */
export async function createNetwork(
  state: NetworksState,
  body: Readonly<Record<string, unknown>>,
): Promise<{ Id: string; Warning: string }> {
  const kernel = kernelOf(state);
  const wish = readNetworkWish(body);
  const taken = [...state.networks.values()].some((network) => network.name === wish.name);
  if (taken) throw new BerthError('conflict', `network with name ${wish.name} already exists`);
  const driver = driverOf(wish);
  const spec = specOf(state, wish, driver);
  const network: NetworkRecord = { id: newId(state), name: wish.name, driver, createdAt: Date.now(), spec };
  checkDriver(state, network);
  if (driver === 'overlay') network.spec = await overlayOf(state).add(network);
  // The row comes first: a link without a row is swept at the next start.
  state.store.insert(network);
  state.networks.set(network.id, network);
  try {
    const live = bringUp(state, network);
    if (live) {
      tryLink(kernel, live, namespaceDirectory(state.config));
      kernel.live.set(network.id, live);
      addRules(state, live);
      kernel.resolver.expect();
    }
  } catch (error) {
    await takeDown(state, network);
    if (driver === 'overlay') await overlayOf(state).remove(network);
    throw error;
  }
  state.publish('network', 'create', network.id, { name: network.name, type: network.driver });
  return { Id: network.id, Warning: '' };
}

function driverOf(wish: NetworkWish): DriverName {
  if (wish.configOnly) return 'null';
  const name = wish.driver || 'bridge';
  if (wish.ingress || wish.scope === 'swarm') {
    throw new BerthError(
      'forbidden',
      'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.',
      { hint: 'Networks over several hosts are those of driver overlay with a cluster store; see the guide.' },
    );
  }
  const scope = name === 'overlay' ? 'global' : 'local';
  if (wish.scope !== '' && wish.scope !== scope) {
    throw new BerthError(
      'invalid',
      `invalid scope ${JSON.stringify(wish.scope)}: networks of driver ${name} are ${scope}`,
    );
  }
  switch (name) {
    case 'overlay':
    case 'bridge':
    case 'macvlan':
    case 'ipvlan':
      return name;
    case 'host':
      throw new BerthError('forbidden', 'only one instance of "host" network is allowed');
    case 'null':
    case 'none':
      throw new BerthError('forbidden', 'only one instance of "null" network is allowed');
    default:
      throw new BerthError('not-found', `plugin "${name}" not found`, {
        hint: 'The drivers are bridge, macvlan, ipvlan and overlay; network plugins are not supported by Berth.',
      });
  }
}

function specOf(state: NetworksState, wish: NetworkWish, driver: DriverName): NetworkSpec {
  const options = wish.configOnly ? wish.options : { ...state.config.defaultNetworkOpts[driver], ...wish.options };
  const base: NetworkSpec = {
    ...NO_SPEC,
    ipv4: wish.ipv4 ?? switchOf(options, 'com.docker.network.enable_ipv4') ?? true,
    ipv6: wish.ipv6 ?? switchOf(options, 'com.docker.network.enable_ipv6') ?? false,
    internal: wish.internal,
    attachable: wish.attachable,
    configOnly: wish.configOnly,
    labels: wish.labels,
    options,
    ipamDriver: wish.ipam?.driver ?? 'default',
    ipamOptions: wish.ipam?.options ?? null,
  };
  if (!['default', 'null'].includes(base.ipamDriver)) {
    throw new BerthError('not-found', `plugin "${base.ipamDriver}" not found`, {
      hint: 'The IPAM driver is "default" or "null"; plugins are not supported by Berth.',
    });
  }
  const config = wish.ipam?.config ?? [];
  checkIpam(config, base.ipv6);
  if (wish.configOnly) {
    if (wish.configFrom !== '')
      throw new BerthError('invalid', 'a configuration network cannot be made from another one');
    return { ...base, pools: config.map((pool) => ({ ...pool, wished: true })) };
  }
  const full = wish.configFrom === '' ? { spec: base, config } : fromTemplate(state, wish, base);
  if (!full.spec.ipv4 && !full.spec.ipv6) {
    throw new BerthError('invalid', 'IPv4 or IPv6 must be enabled');
  }
  if (base.ipamDriver === 'null') return { ...full.spec, pools: [] };
  return { ...full.spec, pools: choosePools(state, { ...full.spec, driver }, full.config) };
}

/** Docker takes everything from the template and refuses to have both. */
function fromTemplate(
  state: NetworksState,
  wish: NetworkWish,
  base: NetworkSpec,
): { spec: NetworkSpec; config: { subnet: string; ipRange: string; gateway: string; aux: Record<string, string> }[] } {
  const template = findNetwork(state.networks.values(), wish.configFrom);
  if (!template.spec.configOnly) {
    throw new BerthError('forbidden', `source network ${template.name} is not a configuration network`);
  }
  if (wish.ipam?.config.length || Object.keys(wish.options).length > 0 || Object.keys(wish.labels).length > 0) {
    throw new BerthError(
      'forbidden',
      'user-specified configurations are not supported if the network depends on a configuration network',
    );
  }
  const { ipv4, ipv6, labels, options, ipamDriver, ipamOptions, pools } = template.spec;
  return {
    spec: { ...base, ipv4, ipv6, labels, options, ipamDriver, ipamOptions, configFrom: template.name },
    config: pools,
  };
}

function checkDriver(state: NetworksState, network: NetworkRecord): void {
  const { driver, spec } = network;
  if (spec.configOnly) return;
  checkOptionNames(driver, spec.options);
  if (driver === 'overlay') readOverlayOptions(spec.options);
  if (driver === 'bridge' || driver === 'overlay') {
    const options = readBridgeOptions(spec.options, spec.internal);
    for (const family of ['.', ':'] as const) {
      if (spec.pools.filter(({ subnet }) => subnet.includes(family)).length > 1)
        throw new BerthError('invalid', `${driver} driver does not support several subnets of one family`);
    }
    const name = linkNameOf(network, state.config.bridge, options);
    const holder = bridgesOf(kernelOf(state)).find((bridge) => bridge.name === name);
    if (holder) {
      throw new BerthError('forbidden', `network with bridge name ${name} already exists: ${holder.live.network.name}`);
    }
  }
  if (driver === 'macvlan' || driver === 'ipvlan') checkParent(state, network, driver);
}

/** Errors: forbidden (no cluster store is configured). */
function overlayOf(state: NetworksState): NonNullable<NetworksState['overlay']> {
  if (!state.overlay) throw noClusterStore();
  return state.overlay;
}

function checkParent(state: NetworksState, network: NetworkRecord, driver: 'macvlan' | 'ipvlan'): void {
  const { parent } = readParentOptions(driver, network.spec.options);
  if (parent === '') return;
  const holder = [...kernelOf(state).live.values()].find(
    ({ link }) => link.kind === 'parent' && link.name === parent && link.options.driver === driver,
  );
  if (holder) {
    throw new BerthError('forbidden', `network ${holder.network.name} is already using parent interface ${parent}`, {
      hint: 'A parent belongs to one network; make a VLAN of it for another one.',
    });
  }
}

function switchOf(options: Readonly<Record<string, string>>, key: string): boolean | undefined {
  const text = options[key];
  if (text === undefined) return undefined;
  if (/^(1|t|true)$/i.test(text)) return true;
  if (/^(0|f|false)$/i.test(text)) return false;
  throw new BerthError('invalid', `driver-opt ${JSON.stringify(key)} is not a valid bool`);
}

function newId(state: NetworksState): string {
  for (;;) {
    const id = randomBytes(32).toString('hex');
    if (!/^\d+$/.test(id.slice(0, 12)) && !state.networks.has(id)) return id;
  }
}
