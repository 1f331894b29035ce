import { networkHash, volumeHash } from '../containers/hash.ts';
import { COMPOSE_VERSION, LABEL } from '../containers/labels.ts';
import { type NetworkDecision, networkConfig, type VolumeDecision } from '../decide/decide.ts';
import type { Network, Project, Volume } from '../model.ts';
import { networkSubject, type Operation, volumeSubject } from './operation.ts';

/** The body that a network is created with. */
export function networkBody(project: Project, key: string, network: Network): object {
  const { driver, ipam, enable_ipv4: ipv4, enable_ipv6: ipv6 } = network;
  return {
    Name: network.name,
    // Engines before API 1.44 take a name twice otherwise.
    CheckDuplicate: true,
    Driver: driver ?? 'bridge',
    Internal: network.internal ?? false,
    Attachable: network.attachable ?? false,
    ...(ipv4 !== undefined && { EnableIPv4: ipv4 }),
    ...(ipv6 !== undefined && { EnableIPv6: ipv6 }),
    ...(network.driver_opts && { Options: network.driver_opts }),
    ...(ipam && {
      IPAM: {
        Driver: ipam.driver ?? 'default',
        ...(ipam.options && { Options: ipam.options }),
        Config: (ipam.config ?? []).map(({ subnet, ip_range, gateway, aux_addresses }) => ({
          ...(subnet && { Subnet: subnet }),
          ...(ip_range && { IPRange: ip_range }),
          ...(gateway && { Gateway: gateway }),
          ...(aux_addresses && { AuxiliaryAddresses: aux_addresses }),
        })),
      },
    }),
    Labels: {
      ...network.labels,
      [LABEL.project]: project.name,
      [LABEL.network]: key,
      [LABEL.configHash]: networkHash(network),
      [LABEL.config]: JSON.stringify(networkConfig(network)),
      [LABEL.version]: COMPOSE_VERSION,
    },
  };
}

function volumeBody(project: Project, key: string, volume: Volume) {
  return {
    Name: volume.name,
    Driver: volume.driver ?? 'local',
    DriverOpts: volume.driver_opts ?? {},
    Labels: {
      ...volume.labels,
      [LABEL.project]: project.name,
      [LABEL.volume]: key,
      [LABEL.configHash]: volumeHash(volume),
      [LABEL.config]: JSON.stringify(networkConfig(volume)),
      [LABEL.version]: COMPOSE_VERSION,
    },
  };
}

const networkId = (key: string) => `network:${key}`;
const volumeId = (key: string) => `volume:${key}`;

/** Operations for networks; `freed` are those that take a network's containers out of it first. */
export function planNetwork(
  project: Project,
  { key, network, action, reasons }: NetworkDecision,
  freed: readonly string[],
): Operation[] {
  if (action === 'keep') return [];
  const subject = networkSubject(network.name);
  const remove: Operation = {
    id: `${networkId(key)}:remove`,
    kind: 'remove-network',
    needs: [...freed],
    subject,
    words: ['Removing', 'Removed'],
    reasons,
    name: network.name,
  };
  const create: Operation = {
    id: networkId(key),
    kind: 'create-network',
    needs: action === 'replace' ? [remove.id] : [],
    subject,
    words: ['Creating', 'Created'],
    reasons,
    name: network.name,
    body: networkBody(project, key, network),
    driver: network.driver,
  };
  return action === 'replace' ? [remove, create] : [create];
}

/** Operations for volumes; one that is replaced goes when no container has it any more. */
export function planVolume(
  project: Project,
  { key, volume, action, reasons }: VolumeDecision,
  freed: readonly string[],
): Operation[] {
  if (action === 'keep') return [];
  const subject = volumeSubject(volume.name);
  const remove: Operation = {
    id: `${volumeId(key)}:remove`,
    kind: 'remove-volume',
    needs: [...freed],
    subject,
    words: ['Removing', 'Removed'],
    reasons,
    name: volume.name,
  };
  const create: Operation = {
    id: volumeId(key),
    kind: 'create-volume',
    needs: action === 'replace' ? [remove.id] : [],
    subject,
    words: ['Creating', 'Created'],
    reasons,
    body: volumeBody(project, key, volume),
    driver: volume.driver,
  };
  return action === 'replace' ? [remove, create] : [create];
}
