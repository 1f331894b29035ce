import type { EndpointWish } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { bodyReader } from './body-reader.ts';

const { list, member, mismatch, object, text, texts } = bodyReader('ConnectRequest.EndpointConfig');

/** The member `EndpointConfig` of a connect request. Errors: invalid (a member of a wrong type). */
export function readEndpointWish(body: Readonly<Record<string, unknown>>): EndpointWish {
  const config = member(body, 'EndpointConfig');
  if (config == null) return {};
  const from = object(config, 'EndpointConfig');
  const ipam = member(from, 'IPAMConfig');
  const priority = member(from, 'GwPriority') ?? 0;
  if (typeof priority !== 'number' || !Number.isInteger(priority)) throw mismatch('GwPriority', 'int');
  const mac = text(from, 'MacAddress');
  if (mac !== '' && !/^([0-9a-f]{2}[:-]){5}[0-9a-f]{2}$/i.test(mac)) {
    throw new BerthError('invalid', `invalid MAC address ${mac}`);
  }
  return {
    ...(ipam == null ? {} : { IPAMConfig: readIpam(object(ipam, 'IPAMConfig')) }),
    ...filled('Links', list(from, 'Links')),
    ...filled('Aliases', list(from, 'Aliases')),
    ...(mac === '' ? {} : { MacAddress: mac }),
    ...(member(from, 'DriverOpts') == null ? {} : { DriverOpts: texts(from, 'DriverOpts') }),
    ...(priority === 0 ? {} : { GwPriority: priority }),
  };
}

function readIpam(from: Record<string, unknown>): NonNullable<EndpointWish['IPAMConfig']> {
  const [IPv4Address, IPv6Address] = [text(from, 'IPv4Address'), text(from, 'IPv6Address')];
  return {
    ...(IPv4Address === '' ? {} : { IPv4Address }),
    ...(IPv6Address === '' ? {} : { IPv6Address }),
    ...filled('LinkLocalIPs', list(from, 'LinkLocalIPs')),
  };
}

function filled<K extends string>(name: K, values: string[]): { [P in K]?: string[] } {
  return values.length > 0 ? ({ [name]: values } as { [P in K]?: string[] }) : {};
}
