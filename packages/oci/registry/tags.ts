import { BerthError } from '@berth/kit';
import { isObject } from '../descriptor.ts';
import { parseTag } from '../reference.ts';
import { readBounded } from './body.ts';
import { resolveLocation } from './location.ts';
import { pullScope } from './scopes.ts';
import type { RegistrySession } from './session.ts';

const PAGE_LIMIT = 4 * 1024 * 1024;
const PAGES_MAX = 1_000;
const TAGS_MAX = 100_000;

/** All tags of a repository, in the registry's order, page by page. Errors: not-found NAME_UNKNOWN; invalid. */
export async function listTags(session: RegistrySession, repository: string): Promise<string[]> {
  const tags = new Set<string>();
  let at: string | URL | undefined = `/v2/${repository}/tags/list`;
  for (let page = 0; at !== undefined; page++) {
    if (page === PAGES_MAX || tags.size > TAGS_MAX)
      throw new BerthError('invalid', `${repository} has too many tags to list`);
    const response = await session.request({
      method: 'GET',
      at,
      scopes: [pullScope(repository)],
      expect: [200],
      notFound: 'NAME_UNKNOWN',
    });
    for (const tag of parsePage(await readBounded(response.body, PAGE_LIMIT, `the tag list of ${repository}`)))
      tags.add(tag);
    const next = nextPage(response.headers.link);
    at = next === undefined ? undefined : resolveLocation(next, response.url, session.domain);
  }
  return [...tags];
}

function parsePage(bytes: Buffer): string[] {
  let page: unknown;
  try {
    page = JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new BerthError('invalid', 'invalid tag list: it is not JSON', { cause });
  }
  const tags = isObject(page) ? (page['tags'] ?? []) : undefined;
  if (!Array.isArray(tags)) throw new BerthError('invalid', 'invalid tag list: it has no list of tags');
  return tags.map((tag) => parseTag(String(tag)));
}

/** The target of `<…>; rel="next"` (RFC 8288). */
function nextPage(link: string | string[] | undefined): string | undefined {
  const header = Array.isArray(link) ? link[0] : link;
  return /^\s*<([^<>]{1,2048})>\s*;\s*rel="?next"?/.exec(header ?? '')?.[1];
}
