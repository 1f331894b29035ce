import { BerthError, errnoOf } from '@berth/kit';
import { type Link, type Rtnetlink, setAlias, setUp } from '../../linux/rtnetlink.ts';
import { newDummy, newPair, newVlan } from '../../linux/rtnetlink-links.ts';
import type { NetworkRecord } from '../model.ts';
import { openPools } from '../pools.ts';
import type { LiveNetwork } from '../state.ts';
import { readParentOptions } from './options.ts';

/**
 * Finds the link of the host that containers' links are put on, or makes it: `eth0.20` is made as a VLAN of eth0, and a
 * network without a parent gets a link that leads nowhere. Idempotent.
 * Errors: invalid (no such parent), not-supported (the kernel lacks what it takes).
 */
export function startParent(
  route: Rtnetlink,
  network: NetworkRecord,
  driver: 'macvlan' | 'ipvlan',
  facts: { alias: string },
): LiveNetwork {
  const options = readParentOptions(driver, network.spec.options);
  const name = parentName(network, options.parent);
  const link = find(route, name) ?? make(route, name, options.parent === '', facts.alias);
  if (!link.up) route.run(setUp(name));
  const mtu = options.mtu ?? link.mtu;
  return { network, pools: openPools(network), mtu, link: { kind: 'parent', name, index: link.index, options } };
}

export function parentName(network: Pick<NetworkRecord, 'id'>, wished: string): string {
  return wished === '' ? `dm-${network.id.slice(0, 12)}` : wished;
}

function make(route: Rtnetlink, name: string, loose: boolean, alias: string): Link {
  if (loose) makeLoose(route, name);
  else makeVlan(route, name);
  route.run(setAlias(name, alias), setUp(name));
  return route.link(name);
}

/** A kernel without dummy links has pairs: one whose other end nobody listens at leads nowhere either. */
function makeLoose(route: Rtnetlink, name: string): void {
  try {
    route.run(newDummy(name));
  } catch (error) {
    if (!['EOPNOTSUPP', 'ENOTSUP'].includes(errnoOf(error) ?? '')) throw error;
    const peer = name.replace(/^dm-/, 'dp-');
    route.run(newPair(name, peer), setUp(peer));
  }
}

function makeVlan(route: Rtnetlink, name: string): void {
  const match = /^(.+)\.(\d{1,4})$/.exec(name);
  const parent = match?.[1] === undefined ? undefined : find(route, match[1]);
  const tag = Number(match?.[2]);
  if (!parent || tag < 1 || tag > 4094) {
    throw new BerthError('invalid', `invalid subinterface vlan name ${name}, example formatting is eth0.10`, {
      hint: `This host has no link ${name}. There are: ${route
        .links()
        .map((link) => link.name)
        .slice(0, 20)
        .join(', ')}.`,
    });
  }
  try {
    route.run(newVlan({ name, parent: parent.index, tag }));
  } catch (cause) {
    if (!['EOPNOTSUPP', 'ENOTSUP'].includes(errnoOf(cause) ?? '')) throw cause;
    throw new BerthError('not-supported', `cannot make ${name}: the kernel has no VLANs (802.1Q)`, { cause });
  }
}

function find(route: Rtnetlink, name: string): Link | undefined {
  try {
    return route.link(name);
  } catch (error) {
    if (errnoOf(error) === 'ENODEV') return undefined;
    throw error;
  }
}
