import type { EndpointWish } from '@berth/contract';
import { BerthError, type Scope } from '@berth/kit';
import { macOf } from '../endpoint/plan.ts';
import { formatAddress, parseAddress } from '../ip-address.ts';
import type { Endpoint } from '../model.ts';
import { poolsOf } from '../pools.ts';
import type { LiveNetwork, NetworksState } from '../state.ts';
import { noClusterStore } from './advertise.ts';
import { bookRemotes } from './names.ts';

/**
 * Gets the planned addresses of an endpoint from the cluster, or others where another host was first; `scope` gives them
 * back. Errors: forbidden (a wished address is taken; no cluster store is configured), unavailable (the store does not
 * answer), conflict (no address is left).
 */
export async function claimEndpoint(
  state: NetworksState,
  scope: Scope,
  container: { containerId: string; containerName: string },
  plan: { live: LiveNetwork; endpoint: Endpoint; wish: EndpointWish },
): Promise<void> {
  const { overlay } = state;
  if (!overlay) throw noClusterStore();
  const { endpoint, live, wish } = plan;
  const { view } = overlay;
  view.joining.add(endpoint.endpointId);
  scope.add('a container that joins', () => void view.joining.delete(endpoint.endpointId));
  while (!(await overlay.claim(scope, { id: container.containerId, name: container.containerName }, endpoint))) {
    if (wish.IPAMConfig?.IPv4Address || wish.IPAMConfig?.IPv6Address) {
      throw new BerthError('forbidden', 'Address already in use', { hint: 'A container of another host has it.' });
    }
    takeOthers(scope, live, endpoint, wish);
  }
}

/** Containers of other hosts can be reached by name from now on, and this one is settled. */
export function joined(state: NetworksState, endpoints: readonly Endpoint[]): void {
  if (!state.overlay) return;
  for (const { endpointId } of endpoints) state.overlay.view.joining.delete(endpointId);
  void bookRemotes(state, state.overlay.view);
}

/** The addresses before stay taken here until it is heard whose they are: they come back with the scope. */
function takeOthers(scope: Scope, live: LiveNetwork, endpoint: Endpoint, wish: EndpointWish): void {
  for (const family of [4, 6] as const) {
    const pool = poolsOf(live, family)[0];
    if (!pool) continue;
    const address = pool.addresses.take();
    scope.add('address', () => pool.addresses.release(address));
    if (family === 6) endpoint.ipv6Address = formatAddress(6, address);
    else endpoint.ipAddress = formatAddress(4, address);
  }
  if (!wish.MacAddress) endpoint.macAddress = macOf(parseAddress(endpoint.ipAddress)?.value);
}
