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
}

/** GET /images/json */
export function listImages(
  client: EngineClient,
  options: { all: boolean; filters: Record<string, string[]> },
): Promise<ImageSummary[]> {
  const { all, filters } = options;
  return client.json('GET', '/images/json', { query: { all, ...(Object.keys(filters).length > 0 && { filters }) } });
}
