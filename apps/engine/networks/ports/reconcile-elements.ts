import { kernelOf, type NetworksState } from '../state.ts';
import { elementsOfPorts, identityOf, parseElements } from './port-elements.ts';

/** Makes the maps of published ports hold exactly those of attached containers, in one transaction. */
export function reconcileElements(state: NetworksState): void {
  const kernel = kernelOf(state);
  const wanted = [...state.attached].flatMap(([containerId, { sandbox }]) =>
    sandbox.endpoints.flatMap(({ ipAddress }) => elementsOfPorts(sandbox.ports, ipAddress, containerId)),
  );
  const present = MAPS.flatMap((map) =>
    parseElements(map, kernel.nft.list(`list map inet ${state.config.nftTable} ${map}`)),
  );
  const wantedIds = new Set(wanted.map(identityOf));
  const presentIds = new Set(present.map(identityOf));
  const remove = present.filter((element) => !wantedIds.has(identityOf(element)));
  const add = wanted.filter((element) => !presentIds.has(identityOf(element)));
  kernel.elements.change({ remove, add });
  if (remove.length + add.length > 0)
    state.log.info('corrected the rules of published ports', { removed: remove.length, added: add.length });
}

const MAPS = ['pub4', 'pub4a'] as const;
