import { RegistryError } from '../errors.ts';

/** What `n` and `last` of a list ask for. */
export interface Page {
  /** Entries wanted; undefined: as many as there are. */
  n: number | undefined;
  /** The list goes on after this one; '' from its start. */
  last: string;
}

/** Errors: PAGINATION_NUMBER_INVALID. */
export function readPage(query: URLSearchParams): Page {
  const text = query.get('n');
  if (text !== null && !/^\d{1,9}$/.test(text))
    throw new RegistryError('PAGINATION_NUMBER_INVALID', 'n is a number of entries', {
      detail: { n: text.slice(0, 50) },
    });
  return { n: text === null ? undefined : Number(text), last: query.get('last') ?? '' };
}

/** The entries of this page out of a sorted list, and the header `Link` when there are more. */
export function cutPage(
  sorted: readonly string[],
  { n, last }: Page,
  path: string,
): { entries: string[]; headers: Record<string, string> } {
  const from = last === '' ? 0 : firstAfter(sorted, last);
  const entries = sorted.slice(from, n === undefined ? undefined : from + n);
  const more = from + entries.length < sorted.length && entries.length > 0;
  return { entries, headers: more ? { link: nextLink(path, { last: entries.at(-1) ?? '', n: String(n) }) } : {} };
}

/** RFC 8288, relative to the registry's root, so that it is right behind every proxy. */
export function nextLink(path: string, query: Record<string, string>): string {
  return `<${path}?${new URLSearchParams(query)}>; rel="next"`;
}

function firstAfter(sorted: readonly string[], last: string): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= last) low = middle + 1;
    else high = middle;
  }
  return low;
}
