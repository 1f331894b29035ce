import type { Logger } from '@berth/kit';
import type { Answered } from '../http/handler.ts';

/** One line for one request. Queries, which may hold upload states, and headers, which hold secrets, are not in it. */
export function logRequest(log: Logger, answered: Answered): void {
  const { identity, milliseconds, bytesIn, bytesOut, broken, ...facts } = answered;
  const known = Object.entries(facts).filter(([, value]) => value !== undefined && value !== '');
  log.info('request', {
    ...Object.fromEntries(known),
    ...(identity === undefined ? {} : { user: identity }),
    ...(broken ? { broken } : {}),
    ...{ in: bytesIn, out: bytesOut, ms: Math.round(milliseconds * 10) / 10 },
  });
}
