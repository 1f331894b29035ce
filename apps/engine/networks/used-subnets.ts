import type { Rtnetlink } from '../linux/rtnetlink.ts';
import { type Subnet, subnetOf } from './ip-address.ts';

/** Ranges that the host reaches by its own links and routes, apart from the link with this name. Default routes do not count. */
export function usedSubnets(route: Rtnetlink, except?: string): Subnet[] {
  const own = except === undefined ? undefined : route.links().find((link) => link.name === except)?.index;
  const places = [
    ...route.routes().map(({ destination, prefixLength, index }) => ({ bytes: destination, prefixLength, index })),
    ...route.addresses().map(({ address, prefixLength, index }) => ({ bytes: address, prefixLength, index })),
  ];
  return places
    .filter(
      ({ bytes, prefixLength, index }) => prefixLength > 0 && index !== own && (bytes.length === 4 || !isShared(bytes)),
    )
    .map(({ bytes, prefixLength }) =>
      subnetOf(bytes.length === 4 ? 4 : 6, BigInt(`0x${bytes.toString('hex')}`), prefixLength),
    );
}

/** Link-local and multicast ranges are on every link. */
function isShared(ipv6: Buffer): boolean {
  return ipv6[0] === 0xff || (ipv6[0] === 0xfe && (ipv6[1]! & 0xc0) === 0x80);
}

/** MTU of the link that the default route leaves by; 1500 without one. */
export function uplinkMtu(route: Rtnetlink): number {
  const defaults = route
    .routes()
    .filter((entry) => entry.prefixLength === 0 && entry.destination.length === 4 && entry.index > 0);
  const best = defaults.sort((a, b) => a.metric - b.metric)[0];
  return route.links().find((link) => link.index === best?.index)?.mtu ?? 1500;
}
