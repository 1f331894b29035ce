import type { EndpointWish } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { holds, parseAddress, parseCidr } from '../ip-address.ts';
import { hasNames, isPredefined, type NetworkRecord } from '../model.ts';

/** Checks a container's wishes about one network. Errors: invalid, all that is wrong in Docker's words, a line each. */
export function checkEndpoint(network: NetworkRecord, wish: EndpointWish): void {
  const reasons = [...endpointFaults(network.name, wish), ...rangeFaults(network, wish)];
  if (reasons.length > 0) throw new BerthError('invalid', `invalid endpoint settings:\n${reasons.join('\n')}`);
}

/** What can be said without knowing the network. */
export function endpointFaults(name: string, wish: EndpointWish): string[] {
  const faults: string[] = [];
  const { IPv4Address, IPv6Address, LinkLocalIPs = [] } = wish.IPAMConfig ?? {};
  if (isPredefined(name)) {
    if (IPv4Address || IPv6Address) {
      faults.push('user specified IP address is supported on user defined networks only');
    }
    if (wish.Aliases?.length)
      faults.push('network-scoped alias is supported only for containers in user defined networks');
  }
  if (IPv4Address && !isAddress(IPv4Address, 4)) faults.push(`invalid IPv4 address: ${IPv4Address}`);
  if (IPv6Address && !isAddress(IPv6Address, 6)) faults.push(`invalid IPv6 address: ${IPv6Address}`);
  for (const address of LinkLocalIPs ?? []) {
    if (!isAddress(address, 4) && !isAddress(address, 6)) faults.push(`invalid link-local IP address: ${address}`);
  }
  for (const setting of sysctlsOf(wish)) {
    if (!parseEndpointSysctl(setting)) {
      faults.push(
        `unrecognised network interface sysctl '${setting}'; represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'`,
      );
    }
  }
  return faults;
}

/** Settings that an endpoint's link is to have, as written. */
export function sysctlsOf(wish: EndpointWish): string[] {
  return (wish.DriverOpts?.['com.docker.network.endpoint.sysctls'] ?? '').split(',').filter((text) => text !== '');
}

/** `net.ipv4.conf.IFNAME.log_martians=1`: the part before the link's name, the part behind it, the value. */
export function parseEndpointSysctl(text: string): { before: string; after: string; value: string } | undefined {
  const match = /^net\.(ipv4|ipv6|mpls)\.(conf|neigh)\.ifname\.([a-zA-Z0-9_]+)=([^\0\n]*)$/i.exec(text.trim());
  if (!match) return undefined;
  const [, protocol = '', kind = '', after = '', value = ''] = match;
  return { before: `net/${protocol.toLowerCase()}/${kind.toLowerCase()}`, after, value: value.trim() };
}

function rangeFaults(network: NetworkRecord, wish: EndpointWish): string[] {
  if (!hasNames(network)) return [];
  return [wish.IPAMConfig?.IPv4Address, wish.IPAMConfig?.IPv6Address].flatMap((text) => {
    const address = parseAddress(text ?? '');
    if (!address) return [];
    const wished = network.spec.pools.filter((pool) => pool.wished);
    const subnets = wished.flatMap((pool) => parseCidr(pool.subnet)?.subnet ?? []);
    if (subnets.some((subnet) => holds(subnet, address))) return [];
    return subnets.some(({ family }) => family === address.family)
      ? [`no configured subnet or ip-range contain the IP address ${text}`]
      : ['user specified IP address is supported only when connecting to networks with user configured subnets'];
  });
}

function isAddress(text: string, family: 4 | 6): boolean {
  const address = parseAddress(text);
  return address?.family === family && address.value !== 0n;
}
