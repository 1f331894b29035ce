import type { EndpointWish } from '@berth/contract';
import type { NetworkUse, Project, Service } from '../model.ts';

/** A network that a container joins, by the name that the engine knows. */
export interface Attachment {
  key: string;
  network: string;
  endpoint: EndpointWish;
}

/** Those of a service, the one that the container is created in first: by priority, then by name. */
export function attachments(
  project: Project,
  name: string,
  service: Service,
  how: { containerName: string; useAliases: boolean; links: readonly string[] },
): Attachment[] {
  const uses = Object.entries(service.networks ?? {});
  const priority = (use: NetworkUse | null) => use?.priority ?? 0;
  uses.sort(([a, first], [b, second]) => priority(second) - priority(first) || (a < b ? -1 : 1));
  return uses.map(([key, use], index) => {
    const aliases = [how.containerName, ...(how.useAliases ? [name, ...(use?.aliases ?? [])] : [])];
    const mac = use?.mac_address ?? (index === 0 ? service.mac_address : undefined);
    return {
      key,
      network: project.networks[key]?.name ?? key,
      endpoint: {
        Aliases: [...new Set(aliases)],
        ...(how.links.length && { Links: [...how.links] }),
        ...(mac && { MacAddress: mac }),
        ...endpointOptions(use),
      },
    };
  });
}

function endpointOptions(use: NetworkUse | null): EndpointWish {
  const options = {
    ...use?.driver_opts,
    ...(use?.interface_name && { 'com.docker.network.endpoint.ifname': use.interface_name }),
  };
  const { ipv4_address: ipv4, ipv6_address: ipv6, link_local_ips: local } = use ?? {};
  return {
    ...(Object.keys(options).length && { DriverOpts: options }),
    ...(use?.gw_priority && { GwPriority: use.gw_priority }),
    ...((ipv4 || ipv6 || local?.length) && {
      IPAMConfig: {
        ...(ipv4 && { IPv4Address: ipv4 }),
        ...(ipv6 && { IPv6Address: ipv6 }),
        ...(local?.length && { LinkLocalIPs: local }),
      },
    }),
  };
}
