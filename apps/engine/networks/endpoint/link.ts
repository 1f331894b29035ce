import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import type { EndpointWish } from '@berth/contract';
import { BerthError, errnoOf } from '@berth/kit';
import { createNamespace, inNamespace, removeNamespace } from '../../linux/netns.ts';
import { addAddress, newVeth, Rtnetlink, setBridgePort, setName, setUp } from '../../linux/rtnetlink.ts';
import { type ChildLink, newIpvlan, newMacvlan } from '../../linux/rtnetlink-links.ts';
import { addressBytes, bytesOf, lastAddress, parseCidr } from '../ip-address.ts';
import type { Endpoint } from '../model.ts';
import type { Kernel, LiveNetwork } from '../state.ts';
import { writeSysctl } from '../sysctl.ts';
import { parseEndpointSysctl, sysctlsOf } from './check.ts';
import { interfaceOf } from './gateway.ts';

/**
 * Makes the link of an endpoint inside a container's namespace, with its addresses, up, and notes in the endpoint by what
 * it is to be cut off. Routes come afterwards.
 */
export function connectLink(
  kernel: Kernel,
  live: LiveNetwork,
  place: { inside: Rtnetlink; namespacePath: string },
  endpoint: Endpoint,
  wish: EndpointWish,
): void {
  const { inside, namespacePath } = place;
  const name = interfaceOf(endpoint);
  const namespaceFd = openSync(namespacePath, 'r');
  try {
    if (live.link.kind === 'bridge') makeVeth(kernel, live, namespaceFd, endpoint);
    else {
      endpoint.linkIndex = makeChild(kernel, live, live.link, inside, namespaceFd, endpoint.macAddress);
      inside.run(setName(endpoint.linkIndex, name));
    }
  } finally {
    closeSync(namespaceFd);
  }
  const { index } = inside.link(name);
  if (endpoint.ipv6Address !== '' || sysctlsOf(wish).length > 0)
    inNamespace(namespacePath, () => setLinkSysctls(name, endpoint, wish));
  inside.run(...addressesOf(endpoint, index), setUp(name));
}

/** Tries to make a link of a network's kind, in a namespace that goes at once. Errors: not-supported, conflict. */
export function tryLink(kernel: Kernel, live: LiveNetwork, directory: string): void {
  if (live.link.kind !== 'parent' || live.link.options.mode === 'passthru') return; // passthru takes a single link
  const path = `${directory}/${randomName('try')}`;
  const inside = createNamespace(path, () => new Rtnetlink());
  const namespaceFd = openSync(path, 'r');
  try {
    makeChild(kernel, live, live.link, inside, namespaceFd, '02:42:00:00:00:02');
  } finally {
    closeSync(namespaceFd);
    inside.close();
    removeNamespace(path);
  }
}

function addressesOf(endpoint: Endpoint, index: number) {
  const { ipAddress, prefixLength, ipv6Address, ipv6PrefixLength, linkLocal = [] } = endpoint;
  const requests = linkLocal.map((text) => {
    const address = addressBytes(text)!;
    return addAddress({ index, address, prefixLength: address.length === 4 ? 16 : 64 });
  });
  if (ipAddress !== '') {
    const broadcast = bytesOf(4, lastAddress(parseCidr(`${ipAddress}/${prefixLength}`)!.subnet));
    requests.unshift(addAddress({ index, address: addressBytes(ipAddress)!, prefixLength, broadcast }));
  }
  if (ipv6Address !== '') {
    requests.push(addAddress({ index, address: addressBytes(ipv6Address)!, prefixLength: ipv6PrefixLength }));
  }
  return requests;
}

/** A random name, because the link of a namespace that was just closed lives on for some ms under its name. */
function makeVeth(kernel: Kernel, live: LiveNetwork, namespaceFd: number, endpoint: Endpoint): void {
  if (live.link.kind !== 'bridge') return;
  const name = randomName('veth');
  endpoint.hostLink = name;
  // Rules decide between ports of one bridge where the kernel shows them that traffic; elsewhere the bridge does.
  const isolated = !live.link.options.interContainer && !existsSync(BRIDGE_RULES);
  kernel.route.run(
    newVeth({
      name,
      mtu: live.mtu,
      master: live.link.index,
      peer: { name: interfaceOf(endpoint), namespaceFd, macAddress: endpoint.macAddress },
    }),
    setBridgePort(name, isolated),
    setUp(name),
  );
}

/** Gives its index. Made under a name that the host has not, because the kernel looks for clashes there. */
function makeChild(
  kernel: Kernel,
  live: LiveNetwork,
  parent: LiveNetwork['link'] & { kind: 'parent' },
  inside: Rtnetlink,
  namespaceFd: number,
  macAddress: string,
): number {
  const { options } = parent;
  const base: ChildLink = { name: randomName('bl'), parent: parent.index, mtu: live.mtu, namespaceFd };
  try {
    kernel.route.run(
      options.driver === 'macvlan'
        ? newMacvlan({ ...base, macAddress, mode: options.mode })
        : newIpvlan({ ...base, mode: options.mode, flag: options.flag }),
    );
  } catch (cause) {
    throw refused(cause, options.driver, parent.name);
  }
  return inside.link(base.name).index;
}

function refused(cause: unknown, driver: string, parent: string): unknown {
  switch (errnoOf(cause)) {
    case 'EOPNOTSUPP':
    case 'ENOTSUP':
      return new BerthError('not-supported', `the kernel has no ${driver}`, { cause });
    case 'EBUSY':
    case 'EINVAL':
      return new BerthError('conflict', `cannot make a ${driver} link on ${parent}: it is in use in another way`, {
        hint: 'A link takes either macvlan or ipvlan links, and only one in passthru mode; a bridge port takes none.',
        cause,
      });
    case 'ENODEV':
      return new BerthError('conflict', `the parent link ${parent} is gone`, { cause });
    default:
      return cause;
  }
}

function setLinkSysctls(name: string, endpoint: Endpoint, wish: EndpointWish): void {
  if (endpoint.ipv6Address !== '') {
    writeSysctl(`net/ipv6/conf/${name}/disable_ipv6`, '0');
    // Its neighbours must not be able to lead its traffic to themselves.
    if (endpoint.ipv6Gateway !== '') writeSysctl(`net/ipv6/conf/${name}/accept_ra`, '0');
  }
  for (const text of sysctlsOf(wish)) {
    const setting = parseEndpointSysctl(text);
    if (!setting) continue; // refused before
    try {
      writeSysctl(`${setting.before}/${name}/${setting.after}`, setting.value);
    } catch (cause) {
      throw new BerthError('invalid', `cannot set sysctl '${text}' of ${name}`, { cause });
    }
  }
}

function randomName(prefix: string): string {
  return `${prefix}${randomBytes(4).toString('hex').slice(0, 7)}`;
}

const BRIDGE_RULES = '/proc/sys/net/bridge/bridge-nf-call-iptables';
