import { BerthError } from '@berth/kit';
import { bodyReader } from './body-reader.ts';
import { isPredefined } from './model.ts';

const { flag, member, mismatch, object, text, texts } = bodyReader('CreateRequest');

/** The body of POST /networks/create, read; what was not given is '' or {} or the default. */
export interface NetworkWish {
  name: string;
  driver: string;
  scope: string;
  internal: boolean;
  attachable: boolean;
  ingress: boolean;
  configOnly: boolean;
  configFrom: string;
  /** undefined: the driver's options decide, else IPv4 is on and IPv6 off. */
  ipv4: boolean | undefined;
  ipv6: boolean | undefined;
  options: Record<string, string>;
  labels: Record<string, string>;
  /** undefined when the request has none. */
  ipam: IpamWish | undefined;
}

export interface IpamWish {
  driver: string;
  options: Record<string, string> | null;
  config: { subnet: string; ipRange: string; gateway: string; aux: Record<string, string> }[];
}

/** Errors: invalid (a member of a wrong type, a bad name), forbidden (a predefined name). */
export function readNetworkWish(body: Readonly<Record<string, unknown>>): NetworkWish {
  const members = object(body, 'CreateRequest');
  const name = text(members, 'Name');
  if (isPredefined(name) || name.startsWith('container:')) {
    throw new BerthError('forbidden', `operation is not permitted on predefined ${name} network `);
  }
  if (name.trim() === '') throw new BerthError('invalid', 'network name cannot be empty');
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_. -]*$/.test(name) || name.trim() !== name) {
    throw new BerthError(
      'invalid',
      `"${name}" includes invalid characters for a network name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`,
    );
  }
  const from = member(members, 'ConfigFrom');
  const ipam = member(members, 'IPAM');
  return {
    name,
    driver: text(members, 'Driver'),
    scope: text(members, 'Scope'),
    internal: flag(members, 'Internal') ?? false,
    attachable: flag(members, 'Attachable') ?? false,
    ingress: flag(members, 'Ingress') ?? false,
    configOnly: flag(members, 'ConfigOnly') ?? false,
    configFrom: from == null ? '' : text(object(from, 'CreateRequest.ConfigFrom'), 'Network'),
    ipv4: flag(members, 'EnableIPv4'),
    ipv6: flag(members, 'EnableIPv6'),
    options: texts(members, 'Options'),
    labels: texts(members, 'Labels'),
    ipam: ipam == null ? undefined : readIpam(object(ipam, 'CreateRequest.IPAM')),
  };
}

function readIpam(ipam: Record<string, unknown>): IpamWish {
  const config = member(ipam, 'Config') ?? [];
  if (!Array.isArray(config)) throw mismatch('IPAM.Config', '[]network.IPAMConfig');
  return {
    driver: text(ipam, 'Driver') || 'default',
    options: member(ipam, 'Options') == null ? null : texts(ipam, 'Options'),
    config: config.map((entry: unknown) => {
      const pool = object(entry, 'IPAM.Config');
      return {
        subnet: text(pool, 'Subnet'),
        ipRange: text(pool, 'IPRange'),
        gateway: text(pool, 'Gateway'),
        aux: texts(pool, 'AuxiliaryAddresses'),
      };
    }),
  };
}
