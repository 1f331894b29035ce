import { BerthError } from '@berth/kit';
import type { HttpResponse } from './transport.ts';

/** The place that a redirect names, or undefined when the answer is none. */
export function redirectOf({ status, headers }: HttpResponse): string | undefined {
  return [301, 302, 303, 307, 308].includes(status) ? headers.location : undefined;
}

/**
 * A place that a registry named (redirect, upload location, next page). Never from HTTPS down to HTTP, never with user
 * information. Errors: unavailable.
 */
export function resolveLocation(location: string, base: URL, domain: string): URL {
  const refused = (why: string) =>
    new BerthError(
      'unavailable',
      `registry ${domain} names location ${JSON.stringify(location.slice(0, 200))}: refused, ${why}`,
    );
  if (location === '' || !URL.canParse(location, base.href)) throw refused('it is not a URL');
  const url = new URL(location, base);
  if (url.username !== '' || url.password !== '') throw refused('it has user information');
  if (url.protocol !== 'https:' && url.protocol !== 'http:') throw refused('it is neither HTTPS nor HTTP');
  if (base.protocol === 'https:' && url.protocol === 'http:') throw refused('it leads from HTTPS to plain HTTP');
  url.hash = '';
  return url;
}
