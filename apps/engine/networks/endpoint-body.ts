import type { EndpointWish } from '@berth/contract';
import { BerthError } from '@berth/kit';

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

/** Names match without regard to case, as Go's decoder has it; an exact spelling wins. */
function member(from: Readonly<Record<string, unknown>>, name: string): unknown {
  if (Object.hasOwn(from, name)) return from[name];
  const lower = name.toLowerCase();
  return Object.entries(from).find(([key]) => key.toLowerCase() === lower)?.[1];
}

function text(from: Record<string, unknown>, name: string): string {
  const value = member(from, name) ?? '';
  if (typeof value !== 'string') throw mismatch(name, 'string');
  return value;
}

function list(from: Record<string, unknown>, name: string): string[] {
  const value = member(from, name) ?? [];
  if (!Array.isArray(value)) throw mismatch(name, '[]string');
  return value.map((item: unknown) => {
    if (typeof item !== 'string') throw mismatch(name, '[]string');
    return item;
  });
}

function texts(from: Record<string, unknown>, name: string): Record<string, string> {
  const entries = Object.entries(object(member(from, name), name));
  return Object.fromEntries(
    entries.map(([key, value]) => {
      if (typeof value !== 'string') throw mismatch(name, 'map[string]string');
      return [key, value];
    }),
  );
}

function object(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mismatch(name, 'struct');
  return Object.fromEntries(Object.entries(value));
}

function mismatch(field: string, wanted: string): BerthError {
  return new BerthError(
    'invalid',
    `json: cannot unmarshal value into Go struct field ConnectRequest.EndpointConfig.${field} of type ${wanted}`,
  );
}
