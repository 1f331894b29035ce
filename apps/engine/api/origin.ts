import type { IncomingHttpHeaders } from 'node:http';
import { BerthError } from '@berth/kit';
import { isLoopback } from './address.ts';

/** How a request came: over a unix socket, over TCP of this machine alone, over TCP that others reach. */
export type Transport = 'unix' | 'loopback' | 'network';

/**
 * On TCP, refuses what a web page of someone else can send from a browser: requests with a foreign `Origin`, and, on
 * loopback, requests for a host name that was made to resolve there (DNS rebinding). From elsewhere the engine is
 * reached by any name; there, TLS tells whether the name is its own. Errors: forbidden.
 */
export function refuseForeignPage(headers: IncomingHttpHeaders, transport: Transport): void {
  if (transport === 'unix') return;
  const { origin, host = '' } = headers;
  // Browsers say so themselves, also of requests that carry no Origin (an image, a frame).
  const site = headers['sec-fetch-site'];
  if (origin === undefined && (site === 'cross-site' || site === 'same-site')) {
    throw new BerthError('forbidden', 'requests of pages of another site are not allowed');
  }
  if (origin !== undefined && !isOwnPage(origin, transport === 'network' ? host : undefined)) {
    throw new BerthError('forbidden', `requests of the page ${origin} are not allowed`);
  }
  if (transport === 'network') return;
  if (!isLoopback(bare(host.replace(/:[0-9]+$/, '')))) {
    throw new BerthError('forbidden', `requests for the host "${host}" are not allowed on a loopback address`, {
      hint: 'Use localhost or 127.0.0.1.',
    });
  }
}

/** A page of this machine, or one that came from the very address that it asks now. */
function isOwnPage(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  return host === undefined ? isLoopback(bare(page.hostname)) : page.host === host;
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
