import type { EndpointWish } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { readEndpointWish } from './endpoint-body.ts';
import { findNetwork } from './find-network.ts';
import type { NetworksState } from './state.ts';

/** POST /networks/{id}/connect. Errors: not-found, invalid, forbidden, conflict (see NetworkUsers.connect). */
export async function connectContainer(
  state: NetworksState,
  nameOrId: string,
  body: Readonly<Record<string, unknown>>,
): Promise<void> {
  const container = containerOf(body);
  const wish: EndpointWish = readEndpointWish(body);
  await state.users.connect(container, () => findNetwork(state.networks.values(), nameOrId), wish);
}

/** The member `Container` of a body. Errors: invalid. */
export function containerOf(body: Readonly<Record<string, unknown>>): string {
  const found = Object.entries(body).find(([key]) => key.toLowerCase() === 'container')?.[1];
  if (typeof found !== 'string' || found === '') {
    throw new BerthError('invalid', 'invalid container: no container name or ID is given');
  }
  return found;
}
