import type { ContainerRecord } from '../model.ts';
import { addressesOf, networksOf, portsOf } from './summary-network.ts';

/** Docker's NetworkSettings, with the old members that repeat the default bridge's addresses. */
export function inspectNetwork(record: ContainerRecord) {
  const { sandbox } = record;
  const bridge = sandbox?.endpoints.find(({ networkName }) => networkName === 'bridge');
  return {
    Bridge: '',
    SandboxID: sandbox ? record.id : '',
    SandboxKey: sandbox?.namespacePath ?? '',
    Ports: portMap(record),
    HairpinMode: false,
    LinkLocalIPv6Address: '',
    LinkLocalIPv6PrefixLen: 0,
    SecondaryIPAddresses: null,
    SecondaryIPv6Addresses: null,
    ...addressesOf(bridge),
    MacAddress: bridge?.macAddress ?? '',
    Networks: networksOf(record),
  };
}

/** By `80/tcp`: where it is published, null for a port that is only exposed. */
function portMap(record: ContainerRecord): Record<string, { HostIp: string; HostPort: string }[] | null> {
  const ports = new Map<string, { HostIp: string; HostPort: string }[] | null>();
  for (const { IP, PrivatePort, PublicPort, Type } of portsOf(record)) {
    const key = `${PrivatePort}/${Type}`;
    if (IP === undefined) ports.set(key, null);
    else ports.set(key, [...(ports.get(key) ?? []), { HostIp: IP, HostPort: String(PublicPort) }]);
  }
  return Object.fromEntries(ports);
}
