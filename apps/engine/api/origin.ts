import type { IncomingHttpHeaders } from 'node:http';
import { BerthError } from '@berth/kit';
import { isLoopback } from './address.ts';

/**
 * On TCP, refuses what a web page of someone else can send from a browser on this machine: requests with a foreign
 * `Origin`, and requests for a host name that was made to resolve to loopback (DNS rebinding). Errors: forbidden.
 */
export function refuseForeignPage(headers: IncomingHttpHeaders): void {
  const origin = headers.origin;
  if (origin !== undefined && !(URL.canParse(origin) && isLoopback(bare(new URL(origin).hostname)))) {
    throw new BerthError('forbidden', `requests of the page ${origin} are not allowed`);
  }
  const host = headers.host ?? '';
  if (!isLoopback(bare(host.replace(/:[0-9]+$/, '')))) {
    throw new BerthError('forbidden', `requests for the host "${host}" are not allowed on a loopback address`, {
      hint: 'Use localhost or 127.0.0.1.',
    });
  }
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
