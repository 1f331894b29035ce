import { BerthError } from '@berth/kit';
import { Rtnetlink } from '../linux/rtnetlink.ts';
import { removeLink } from './endpoint/unlink.ts';
import { findNetwork } from './find-network.ts';
import { removeRules } from './guard-rules.ts';
import { aliasOf } from './live-network.ts';
import { hasNames, isPredefined, type NetworkRecord } from './model.ts';
import { kernelOf, type NetworksState } from './state.ts';

/** DELETE /networks/{id}. Errors: not-found, forbidden (predefined, `has active endpoints`, template in use). */
export async function removeNetwork(state: NetworksState, nameOrId: string): Promise<void> {
  const network = findNetwork(state.networks.values(), nameOrId);
  if (isPredefined(network.name)) {
    throw new BerthError('forbidden', `${network.name} is a pre-defined network and cannot be removed`);
  }
  const reason = whyInUse(state, network);
  if (reason !== undefined) throw new BerthError('forbidden', `error while removing network: ${reason}`);
  if (network.driver === 'overlay') await state.overlay?.remove(network);
  await takeDown(state, network);
  state.publish('network', 'destroy', network.id, { name: network.name, type: network.driver });
}

/** What keeps a network, or undefined when nothing does. */
export function whyInUse(state: NetworksState, network: NetworkRecord): string | undefined {
  const ends = [...state.attached.values()].flatMap(({ containerName, sandbox }) =>
    sandbox.endpoints
      .filter(({ networkId }) => networkId === network.id)
      .map(({ endpointId }) => `name:"${containerName}" id:"${endpointId.slice(0, 12)}"`),
  );
  if (ends.length > 0) return `network ${network.name} has active endpoints (${ends.join(', ')})`;
  const user = [...state.networks.values()].find(
    ({ spec }) => network.spec.configOnly && spec.configFrom === network.name,
  );
  return user && `configuration network "${network.name}" is in use`;
}

/**
 * Takes everything away that a network has; nobody can join it any more as soon as this was called. Links are deleted on
 * a pool thread, for the kernel waits tens of ms for a grace period; should the engine end before, the next one sees to it.
 */
export async function takeDown(state: NetworksState, network: NetworkRecord): Promise<void> {
  const kernel = kernelOf(state);
  const live = kernel.live.get(network.id);
  state.networks.delete(network.id);
  kernel.live.delete(network.id);
  state.store.delete(network.id);
  if (live) removeRules(state, live);
  const links = kernel.route.links().filter(({ alias }) => alias === aliasOf(state, network));
  if (![...state.networks.values()].some(hasNames)) {
    kernel.resolver
      .end()
      .catch((error: unknown) => state.log.warn('the resolver of container names did not end', { error }));
  }
  for (const { name } of links) await removeLink(new Rtnetlink(), name);
}
