import type { ContainerSummary } from '../containers/list.ts';
import type { EngineClient } from '../engine-client.ts';
import type { ImageSummary } from '../images/list.ts';

export interface VolumeUsage {
  Name: string;
  Driver: string;
  Mountpoint: string;
  Scope: string;
  Labels: Record<string, string> | null;
  UsageData?: { Size: number; RefCount: number } | null;
}

export interface BuildCacheRecord {
  ID: string;
  Parents?: string[] | null;
  Type: string;
  Description: string;
  InUse: boolean;
  Shared: boolean;
  Size: number;
  /** RFC 3339. */
  CreatedAt: string;
  LastUsedAt?: string | null;
  UsageCount: number;
}

/** GET /system/df; sizes in bytes. */
export interface DiskUsage {
  LayersSize: number;
  Images: ImageSummary[] | null;
  Containers: ContainerSummary[] | null;
  Volumes: VolumeUsage[] | null;
  BuildCache: BuildCacheRecord[] | null;
}

export function diskUsage(client: EngineClient): Promise<DiskUsage> {
  return client.json('GET', '/system/df');
}
