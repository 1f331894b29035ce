import { BerthError } from '@berth/kit';
import type { Transport } from '@berth/oci';
import type { CheckedUpstream } from './settings.ts';

/** Waited when an upstream says "too many requests" and not for how long. Milliseconds. */
const PAUSE = 60_000;
const PAUSE_MAX = 24 * 3_600_000;
/** Timers may be early by a little. Milliseconds. */
const SLACK = 50;

/**
 * A transport for one upstream. What it adds to what the session does itself:
 * - anything secret (an `Authorization` with a password, a refresh token) goes to the hosts that were configured, and to
 *   no other, whatever realm the registry names; a token goes to the registry alone.
 * - after "too many requests" nothing is sent before its time. Errors: unavailable, with `retryAfter` in seconds.
 */
export function guardTransport(
  inner: Transport,
  { prefix, url: home, trusted }: Pick<CheckedUpstream, 'prefix' | 'url' | 'trusted'>,
  now: () => number = Date.now,
): Transport {
  let pausedUntil = 0;
  return {
    send: async (request) => {
      const { url, headers = {}, body } = request;
      const authorization = Object.entries(headers).find(([name]) => name.toLowerCase() === 'authorization')?.[1] ?? '';
      const secret = /^basic /i.test(authorization) || (request.method === 'POST' && body !== undefined);
      const allowed = secret ? trusted.has(url.host) : authorization === '' || url.host === home.host;
      const downgraded = (secret || authorization !== '') && url.protocol === 'http:' && home.protocol === 'https:';
      if (!allowed || downgraded) {
        throw new BerthError(
          'forbidden',
          `the upstream ${prefix || home.host} wants its credentials sent to ${url.host}: refused`,
          {
            hint: `If that is its token service, name it in "tokenHosts" of the upstream.`,
          },
        );
      }
      const left = pausedUntil - now();
      if (left > SLACK && url.host === home.host) throw tooMany(home, left);
      const response = await inner.send(request);
      if (response.status === 429 && url.host === home.host)
        pausedUntil = now() + waitOf(response.headers['retry-after'], now());
      return response;
    },
    close: () => inner.close(),
  };
}

function tooMany(home: URL, left: number): BerthError {
  const retryAfter = Math.ceil(left / 1000);
  return new BerthError('unavailable', `${home.host} wants no requests for another ${retryAfter} seconds`, {
    details: { status: 429, retryAfter },
  });
}

/** `Retry-After`: seconds or a date. Milliseconds. */
function waitOf(header: string | undefined, now: number): number {
  if (header !== undefined && /^\d{1,9}$/.test(header)) return Math.min(PAUSE_MAX, Number(header) * 1000);
  const date = Date.parse(header ?? '');
  return Number.isNaN(date) ? PAUSE : Math.min(PAUSE_MAX, Math.max(0, date - now));
}
