import { isPredefined } from '../../networks/index.ts';
import type { Endpoint } from '../../networks/model.ts';
import type { ContainerRecord } from '../model.ts';
import { expandPorts } from '../parse/parse-ports.ts';
import { dnsNamesOf, wishedNetworks } from '../run/endpoint-requests.ts';

/** Docker's EndpointSettings by network name. A container without a network now shows those that it will have. */
export function networksOf(record: ContainerRecord): Record<string, object> {
  const { spec, sandbox } = record;
  const wishes = new Map(wishedNetworks(spec));
  const attached = new Map((sandbox?.endpoints ?? []).map((endpoint) => [endpoint.networkName, endpoint]));
  const names = attached.size > 0 ? [...attached.keys()] : [...wishes.keys()];
  return Object.fromEntries(
    names.map((name) => {
      const endpoint = attached.get(name);
      const wish = wishes.get(name) ?? wishes.get(endpoint?.networkId ?? '') ?? {};
      return [
        name,
        {
          IPAMConfig: wish.IPAMConfig ?? null,
          Links: wish.Links ?? null,
          Aliases: wish.Aliases ?? null,
          MacAddress: endpoint?.macAddress ?? wish.MacAddress ?? '',
          DriverOpts: wish.DriverOpts ?? null,
          GwPriority: wish.GwPriority ?? 0,
          NetworkID: endpoint?.networkId ?? '',
          ...addressesOf(endpoint),
          DNSNames: endpoint?.dnsNames ?? (isPredefined(name) ? null : dnsNamesOf(record, wish)),
        },
      ];
    }),
  );
}

/** The members that EndpointSettings and, for the default bridge, NetworkSettings share. */
export function addressesOf(endpoint: Endpoint | undefined) {
  return {
    EndpointID: endpoint?.endpointId ?? '',
    Gateway: endpoint?.gateway ?? '',
    IPAddress: endpoint?.ipAddress ?? '',
    IPPrefixLen: endpoint?.prefixLength ?? 0,
    IPv6Gateway: endpoint?.ipv6Gateway ?? '',
    GlobalIPv6Address: endpoint?.ipv6Address ?? '',
    GlobalIPv6PrefixLen: endpoint?.ipv6PrefixLength ?? 0,
  };
}

/** Docker's Port: published ones with their address, exposed ones without. */
export interface PortSummary {
  IP?: string;
  PrivatePort: number;
  PublicPort?: number;
  Type: string;
}

/** Nothing while the container has no network of its own: stopped, or on the host's. */
export function portsOf({ spec, sandbox }: ContainerRecord): PortSummary[] {
  if (!sandbox || sandbox.namespacePath === undefined || sandbox.joined !== undefined) return [];
  const published: PortSummary[] = sandbox.ports.map((port) => ({
    IP: port.hostIp,
    PrivatePort: port.containerPort,
    PublicPort: port.hostPort,
    Type: port.protocol,
  }));
  const known = new Set(published.map(({ PrivatePort, Type }) => `${PrivatePort}/${Type}`));
  const exposed = expandPorts(Object.keys(spec.config.ExposedPorts ?? {}))
    .filter(({ port, protocol }) => !known.has(`${port}/${protocol}`))
    .map(({ port, protocol }) => ({ PrivatePort: port, Type: protocol }));
  return [...exposed, ...published];
}
