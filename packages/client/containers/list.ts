import type { EngineClient } from '../engine-client.ts';

/** One container as the list shows it. */
export interface ContainerSummary {
  Id: string;
  Names: string[] | null;
  Image: string;
  ImageID: string;
  Command: string;
  /** Seconds since the epoch. */
  Created: number;
  Ports: { IP?: string; PrivatePort: number; PublicPort?: number; Type: string }[] | null;
  /** Bytes; only when sizes were asked for. */
  SizeRw?: number;
  SizeRootFs?: number;
  Labels: Record<string, string> | null;
  State: string;
  Status: string;
  NetworkSettings?: { Networks?: Record<string, { NetworkID?: string }> | null } | null;
  Mounts?: { Type?: string; Name?: string; Source: string; Destination?: string; Driver?: string }[] | null;
}

export interface ListContainersOptions {
  all: boolean;
  /** 0 and below: all. */
  limit: number;
  size: boolean;
  /** Filter name to values. */
  filters: Record<string, string[]>;
}

/** GET /containers/json */
export function listContainers(client: EngineClient, options: ListContainersOptions): Promise<ContainerSummary[]> {
  const { all, limit, size, filters } = options;
  return client.json('GET', '/containers/json', {
    query: {
      all,
      size,
      ...(limit > 0 && { limit }),
      ...(Object.keys(filters).length > 0 && { filters }),
    },
  });
}
