import { containerOf } from './connect.ts';
import { findNetwork } from './find-network.ts';
import type { NetworksState } from './state.ts';

/** POST /networks/{id}/disconnect. Errors: not-found, conflict (not connected). */
export async function disconnectContainer(
  state: NetworksState,
  nameOrId: string,
  body: Readonly<Record<string, unknown>>,
): Promise<void> {
  const container = containerOf(body);
  const force = Object.entries(body).find(([key]) => key.toLowerCase() === 'force')?.[1] === true;
  await state.users.disconnect(container, () => findNetwork(state.networks.values(), nameOrId), { force });
}
