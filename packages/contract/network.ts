/** Docker's Network, as GET /networks gives it. Field names are the wire's. */
export interface NetworkResource {
  Name: string;
  Id: string;
  /** RFC 3339. */
  Created: string;
  /** `global`: known to all engines of a cluster. */
  Scope: 'local' | 'global';
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: {
    Driver: string;
    Options: Record<string, string> | null;
    Config:
      | { Subnet: string; IPRange?: string; Gateway?: string; AuxiliaryAddresses?: Record<string, string> }[]
      | null;
  };
  Internal: boolean;
  Attachable: boolean;
  Ingress: boolean;
  ConfigFrom: { Network: string };
  ConfigOnly: boolean;
  /** By container id; filled by inspect only. */
  Containers: Record<string, NetworkContainer>;
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

/** A container in a network; addresses with prefix length, '' when it has none. */
export interface NetworkContainer {
  Name: string;
  EndpointID: string;
  MacAddress: string;
  IPv4Address: string;
  IPv6Address: string;
}

/** A published port as `GET /berth/v1/ports` explains it. */
export interface PortReport {
  ContainerId: string;
  Container: string;
  ContainerPort: number;
  Protocol: string;
  HostIp: string;
  HostPort: number;
  /** Of the container, where the port leads. */
  Address: string;
  /** By which it leads there. */
  Network: string;
  By: 'rules' | 'proxy' | 'rules, proxy for ::1';
  Reachable: 'anywhere' | 'neighbours' | 'this host' | 'nobody';
  /** Sentences. */
  Why: string[];
}

/** What `GET /berth/v1/networks/doctor` found on the way. */
export interface DoctorReport {
  Container: string;
  Target: string;
  Ok: boolean;
  Steps: DoctorStep[];
}

export interface DoctorStep {
  Step: 'networks' | 'network' | 'name' | 'route' | 'neighbour' | 'connect';
  Ok: boolean;
  Says: string;
  /** What to do about it. */
  Hint?: string;
}
