import type { Descriptor, Digest } from '@berth/oci';
import type { ImageRunConfig } from './model.ts';

/** An entry of GET /images/json. Field names are the wire's. */
export interface ImageSummary {
  Containers: number;
  /** Seconds since the epoch. */
  Created: number;
  Id: string;
  Labels: Record<string, string> | null;
  ParentId: string;
  RepoDigests: string[];
  RepoTags: string[];
  /** Bytes; -1 when it was not asked for. */
  SharedSize: number;
  Size: number;
}

/** What is stored of one manifest of an image: one of its platforms, or something that speaks of one. Sizes in bytes. */
export type ManifestSummary = {
  ID: string;
  Descriptor: Descriptor;
  /** Everything below it is here. */
  Available: boolean;
  Size: { Content: number; Total: number };
} & (
  | { Kind: 'image'; ImageData: { Platform: ManifestPlatform; Containers: string[]; Size: { Unpacked: number } } }
  | { Kind: 'attestation'; AttestationData: { For: string } }
  | { Kind: 'unknown' }
);

export interface ManifestPlatform {
  architecture: string;
  os: string;
  variant?: string;
}

/** Answer of GET /images/{name}/json. */
export interface ImageInspect {
  Id: string;
  RepoTags: string[];
  RepoDigests: string[];
  Parent: string;
  Comment: string;
  Created: string;
  DockerVersion: string;
  Author: string;
  Config: ImageRunConfig;
  Architecture: string;
  Variant?: string;
  Os: string;
  OsVersion?: string;
  Size: number;
  /** Same as Size; only for API versions below 1.44, where the API adds it. */
  VirtualSize?: number;
  GraphDriver: { Name: string; Data: Record<string, string> };
  RootFS: { Type: 'layers'; Layers: Digest[] };
  Metadata: { LastTagTime: string };
}

/** An entry of GET /images/{name}/history. */
export interface HistoryItem {
  Comment: string;
  /** Seconds since the epoch. */
  Created: number;
  CreatedBy: string;
  Id: string;
  Size: number;
  Tags: string[] | null;
}

/** An entry of the answer to DELETE /images/{name}. */
export type RemovedItem = { Untagged: string } | { Deleted: string };

/** One message of Docker's progress streams (jsonmessage). */
export interface ProgressMessage {
  stream?: string;
  status?: string;
  id?: string;
  progressDetail?: { current?: number; total?: number };
  /** Drawn bar, for clients that do not draw it themselves. */
  progress?: string;
  error?: string;
  errorDetail?: { code?: number; message: string };
  aux?: object;
}
