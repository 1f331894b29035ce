import type { EngineClient } from '../engine-client.ts';

/** One image as the list shows it. Sizes in bytes, -1 when not computed; times in seconds since the epoch. */
export interface ImageSummary {
  Id: string;
  ParentId: string;
  RepoTags: string[] | null;
  RepoDigests: string[] | null;
  Created: number;
  Size: number;
  SharedSize: number;
  Containers: number;
  Labels: Record<string, string> | null;
  /** Only where they were asked for. */
  Manifests?: ImageManifest[] | null;
}

/** A platform of an image, or something that belongs to one. Sizes in bytes. */
export interface ImageManifest {
  ID: string;
  Available: boolean;
  Size: { Content: number; Total: number };
  Kind: 'image' | 'attestation' | 'unknown';
  ImageData?: {
    Platform: { os: string; architecture: string; variant?: string };
    Containers: string[] | null;
    Size: { Unpacked: number };
  };
}

/** GET /images/json */
export function listImages(
  client: EngineClient,
  options: { all: boolean; filters: Record<string, string[]>; manifests?: boolean },
): Promise<ImageSummary[]> {
  const { all, filters, manifests } = options;
  return client.json('GET', '/images/json', {
    query: { all, manifests, ...(Object.keys(filters).length > 0 && { filters }) },
  });
}
