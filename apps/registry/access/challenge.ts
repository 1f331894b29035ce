import type { Need, Refusal } from './model.ts';
import { scopeOf } from './scope.ts';

const REQUIRED = 'authentication required';
const DENIED = 'requested access to the resource is denied';

/** Asks for name and password. */
export function basicChallenge(realm: string): Refusal {
  return {
    status: 401,
    code: 'UNAUTHORIZED',
    message: REQUIRED,
    headers: { 'WWW-Authenticate': `Basic realm=${quoted(realm)}` },
  };
}

/** Asks for a token; `problem` is that of the one that was sent (RFC 6750, 3.1). */
export function bearerChallenge(
  { realm, service }: { realm: string; service: string },
  needs: readonly Need[],
  problem?: 'invalid_token' | 'insufficient_scope',
): Refusal {
  const parameters = [
    `realm=${quoted(realm)}`,
    `service=${quoted(service)}`,
    ...(needs.length > 0 ? [`scope=${quoted(scopeOf(needs))}`] : []),
    ...(problem === undefined ? [] : [`error=${quoted(problem)}`]),
  ];
  return {
    status: 401,
    code: 'UNAUTHORIZED',
    message: REQUIRED,
    headers: { 'WWW-Authenticate': `Bearer ${parameters.join(',')}` },
  };
}

/** For somebody who is known, and may not. */
export function denied(): Refusal {
  return { status: 403, code: 'DENIED', message: DENIED, headers: {} };
}

/** For a login that would have to wait too long. */
export function crowded(): Refusal {
  return {
    status: 429,
    code: 'TOOMANYREQUESTS',
    message: 'too many logins at once',
    headers: { 'Retry-After': '5' },
  };
}

function quoted(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]/g, '').replace(/["\\]/g, '\\$&')}"`;
}
