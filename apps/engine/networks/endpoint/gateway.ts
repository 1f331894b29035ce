import { errnoOf } from '@berth/kit';
import { addDefaultRoute, deleteDefaultRoute, type Rtnetlink } from '../../linux/rtnetlink.ts';
import { addressBytes, type Family } from '../ip-address.ts';
import type { Endpoint } from '../model.ts';

/**
 * The endpoint by which a container reaches everything that is in none of its networks: the one with the highest
 * priority, then one with both families, then the first by the network's name.
 */
export function electGateway(endpoints: readonly Endpoint[], family: Family): Endpoint | undefined {
  const ways = endpoints.filter((endpoint) => gatewayOf(endpoint, family) !== '');
  if (ways.length < 2) return ways[0];
  const both = (endpoint: Endpoint) => Number(endpoint.gateway !== '' && endpoint.ipv6Gateway !== '');
  return ways.sort(
    (a, b) =>
      (b.gwPriority ?? 0) - (a.gwPriority ?? 0) || both(b) - both(a) || (a.networkName < b.networkName ? -1 : 1),
  )[0];
}

/** Makes the default routes lead by the elected endpoints. `before`: the endpoints that they were chosen from. */
export function setDefaultRoutes(inside: Rtnetlink, before: readonly Endpoint[], now: readonly Endpoint[]): void {
  for (const family of [4, 6] as const) {
    const old = electGateway(before, family);
    const next = electGateway(now, family);
    if (old?.endpointId === next?.endpointId) continue;
    if (old && now.includes(old)) {
      ignoring('ESRCH', () => inside.run(deleteDefaultRoute(routeBytes(old, family), indexOf(inside, old))));
    }
    if (next) {
      ignoring('EEXIST', () => inside.run(addDefaultRoute(routeBytes(next, family), indexOf(inside, next))));
    }
  }
}

export function interfaceOf(endpoint: Endpoint): string {
  return endpoint.interfaceName ?? 'eth0';
}

function gatewayOf(endpoint: Endpoint, family: Family): string {
  return family === 4 ? endpoint.gateway : endpoint.ipv6Gateway;
}

function routeBytes(endpoint: Endpoint, family: Family): Buffer {
  return addressBytes(gatewayOf(endpoint, family))!;
}

function indexOf(inside: Rtnetlink, endpoint: Endpoint): number {
  return inside.link(interfaceOf(endpoint)).index;
}

/** Who is in the container may have changed its routes. */
function ignoring(code: string, work: () => void): void {
  try {
    work();
  } catch (error) {
    if (errnoOf(error) !== code) throw error;
  }
}
