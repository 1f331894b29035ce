import { elementsOfSandbox } from '../endpoint/elements.ts';
import { kernelOf, type NetworksState } from '../state.ts';
import { identityOf, PORT_SETS, parseElements } from './port-elements.ts';

/** Makes the maps and sets of ports hold exactly what attached containers have, in one transaction. */
export function reconcileElements(state: NetworksState): void {
  const kernel = kernelOf(state);
  const wanted = [...state.attached].flatMap(([containerId, { sandbox }]) =>
    elementsOfSandbox(kernel, containerId, sandbox),
  );
  const list = (kind: 'map' | 'set') => (name: string) =>
    parseElements(name, kernel.nft.list(`list ${kind} inet ${state.config.nftTable} ${name}`));
  const present = [...PORT_SETS.maps.flatMap(list('map')), ...PORT_SETS.sets.flatMap(list('set'))];
  const wantedById = new Map(wanted.map((element) => [identityOf(element), element]));
  const presentIds = new Set(present.map(identityOf));
  const remove = present.filter((element) => !wantedById.has(identityOf(element)));
  const add = [...wantedById].filter(([id]) => !presentIds.has(id)).map(([, element]) => element);
  kernel.elements.change({ remove, add });
  if (remove.length + add.length > 0)
    state.log.info('corrected the rules of published ports', { removed: remove.length, added: add.length });
}
