import { isBerthError } from '@berth/kit';
import type { Context } from '../context.ts';
import type { ContainerSpec } from '../model.ts';
import { checkLinks } from './links.ts';

/**
 * Brings a new container's wishes about networks into the form that inspect shows, in place: endpoints by the names of
 * their networks, links on the default bridge with both containers, elsewhere as wishes about the network of the mode.
 * Errors: invalid (links).
 */
export function normaliseNetworks(
  context: Context,
  spec: Pick<ContainerSpec, 'hostConfig' | 'endpoints' | 'networksChosen'>,
  name: string,
): void {
  const { hostConfig, endpoints } = spec;
  hostConfig.NetworkMode = joinedById(context, hostConfig.NetworkMode);
  const nameOf = (reference: string) => networkName(context, reference);
  for (const [key, wish] of Object.entries(endpoints)) {
    const network = nameOf(key);
    if (network === key) continue;
    delete endpoints[key];
    endpoints[network] ??= wish;
  }
  const mode = nameOf(hostConfig.NetworkMode);
  if (mode !== hostConfig.NetworkMode) {
    // Named by its id: from here on it is among the endpoints by its name, unless there are others instead of it.
    if (Object.keys(endpoints).length === 0) endpoints[mode] = {};
    spec.networksChosen = true;
  }
  const { Links } = hostConfig;
  if (!Links?.length) return;
  if (hostConfig.NetworkMode === 'bridge') hostConfig.Links = checkLinks(context, Links, name);
  else {
    endpoints[mode] = { ...endpoints[mode], Links: [...(endpoints[mode]?.Links ?? []), ...Links] };
    hostConfig.Links = null;
  }
}

/** `container:NAME` with the id, which stays when that container is renamed. One that does not exist is found out at the start. */
function joinedById(context: Context, mode: string): string {
  if (!mode.startsWith('container:')) return mode;
  try {
    return `container:${context.store.resolve(mode.slice('container:'.length)).id}`;
  } catch (error) {
    if (isBerthError(error, 'not-found') || isBerthError(error, 'invalid')) return mode;
    throw error;
  }
}

/** A network that does not exist keeps what it was called by: the start says so. */
function networkName(context: Context, reference: string): string {
  if (reference.startsWith('container:')) return reference;
  try {
    return context.networks.find(reference).name;
  } catch (error) {
    if (isBerthError(error, 'not-found') || isBerthError(error, 'invalid')) return reference;
    throw error;
  }
}
