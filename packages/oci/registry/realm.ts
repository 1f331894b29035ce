import { BerthError } from '@berth/kit';
import { isLoopback } from './endpoint.ts';

/**
 * The token server that a registry named in its bearer challenge, checked before anything is sent there:
 *
 * | registry reached over | realm may be |
 * | --- | --- |
 * | HTTPS | HTTPS, any host (hubs keep their token server on a host of its own) |
 * | HTTP | HTTPS, any host; HTTP on the same host; HTTP on loopback where the registry is on loopback too |
 *
 * Never a realm with user information, and never another scheme. The token server's certificate is always checked, except
 * on the very host and port that was declared insecure. Errors: unavailable.
 */
export function checkRealm(realm: string | undefined, registry: URL): URL {
  const url = realm !== undefined && URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined) throw refused(registry, realm, 'it is not a URL');
  if (url.username !== '' || url.password !== '') throw refused(registry, realm, 'it has user information');
  if (url.protocol === 'https:') return url;
  if (url.protocol !== 'http:') throw refused(registry, realm, 'it is neither HTTPS nor HTTP');
  if (registry.protocol === 'https:') throw refused(registry, realm, 'it would carry credentials over plain HTTP');
  const local = isLoopback(url.hostname) && isLoopback(registry.hostname);
  if (url.hostname !== registry.hostname && !local) throw refused(registry, realm, 'it is plain HTTP on another host');
  return url;
}

function refused(registry: URL, realm: string | undefined, why: string): BerthError {
  const shown = JSON.stringify((realm ?? '').slice(0, 200));
  return new BerthError('unavailable', `registry ${registry.host} names token server ${shown}: refused, ${why}`);
}
