import type { EngineClient } from '../engine-client.ts';

export interface ImageSearchResult {
  name: string;
  description: string;
  star_count: number;
  is_official: boolean;
  is_automated: boolean;
}

/** GET /images/search; `limit` 0 leaves it to the registry. */
export function searchImages(
  client: EngineClient,
  term: string,
  options: { limit: number; filters: Record<string, string[]>; auth: string },
): Promise<ImageSearchResult[]> {
  const { limit, filters, auth } = options;
  return client.json('GET', '/images/search', {
    query: { term, ...(limit > 0 && { limit }), ...(Object.keys(filters).length > 0 && { filters }) },
    headers: { 'X-Registry-Auth': auth },
  });
}
