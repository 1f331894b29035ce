import { BerthError } from '@berth/kit';
import { type Challenge, parseChallenges } from './challenge.ts';
import type { Endpoint } from './endpoint.ts';
import { checkRealm } from './realm.ts';
import { basicAuthorization, type Credentials, requestToken, type Token } from './token.ts';
import type { HttpResponse, Transport } from './transport.ts';

/** Knows what a registry wants to see, and makes it. The values are for the registry's own origin only. */
export interface Authorizer {
  /** Takes the challenge of `/v2/`; no challenge means that nothing is wanted. */
  learn(endpoint: Endpoint, response: HttpResponse): void;
  /** After a 401: forgets what failed. True when there is something different to try. */
  relearn(endpoint: Endpoint, response: HttpResponse, scopes: readonly string[]): boolean;
  /** The `Authorization` value, or undefined. Errors: unauthorized, unavailable. */
  authorization(scopes: readonly string[]): Promise<string | undefined>;
  /** As `authorization`, without a scope, asking for a refresh token too. */
  login(): Promise<{ authorization: string | undefined; refreshToken: string | undefined }>;
}

interface AuthorizerOptions {
  transport: Transport;
  credentials: Credentials;
  signal: AbortSignal;
}

type Wanted =
  | { scheme: 'none' }
  | { scheme: 'basic' }
  | { scheme: 'bearer'; realm: URL; service: string | undefined; insecure: boolean };

/** A token is renewed this long before its end, in milliseconds. */
const MARGIN = 10_000;

export function createAuthorizer({ transport, credentials, signal }: AuthorizerOptions): Authorizer {
  let wanted: Wanted = { scheme: 'none' };
  const tokens = new Map<string, { token: Promise<Token>; expiresAt: number }>();

  const fetchToken = (bearer: Extract<Wanted, { scheme: 'bearer' }>, scopes: readonly string[], offline: boolean) =>
    requestToken(transport, { ...bearer, scopes, offline, signal }, credentials);

  const tokenFor = async (bearer: Extract<Wanted, { scheme: 'bearer' }>, scopes: readonly string[]) => {
    const key = scopes.join(' ');
    let entry = tokens.get(key);
    if (entry === undefined || entry.expiresAt < Date.now() + MARGIN) {
      const fresh = { token: fetchToken(bearer, scopes, false), expiresAt: Number.POSITIVE_INFINITY };
      entry = fresh;
      tokens.set(key, fresh);
      fresh.token.then(
        ({ expiresAt }) => {
          fresh.expiresAt = expiresAt;
        },
        // Whoever waits for it gets the failure; the next one asks again.
        () => tokens.delete(key),
      );
    }
    return (await entry.token).value;
  };

  return {
    learn: (endpoint, response) => {
      wanted = response.status === 401 ? choose(endpoint, challengesOf(response)) : { scheme: 'none' };
    },
    relearn: (endpoint, response, scopes) => {
      if (credentials.registryToken) return false;
      const before = wanted;
      const next = choose(endpoint, challengesOf(response));
      if (next.scheme === 'none') return false;
      wanted = next;
      if (next.scheme === 'bearer') {
        const had = tokens.delete(scopes.join(' '));
        return had || before.scheme !== 'bearer' || before.realm.href !== next.realm.href;
      }
      return before.scheme !== 'basic' && basicAuthorization(credentials) !== undefined;
    },
    authorization: async (scopes) => {
      if (credentials.registryToken) return `Bearer ${credentials.registryToken}`;
      if (wanted.scheme === 'bearer') return `Bearer ${await tokenFor(wanted, scopes)}`;
      return wanted.scheme === 'basic' ? basicAuthorization(credentials) : undefined;
    },
    login: async () => {
      if (wanted.scheme !== 'bearer') {
        const authorization = wanted.scheme === 'basic' ? basicAuthorization(credentials) : undefined;
        return { authorization, refreshToken: undefined };
      }
      const { value, refreshToken } = await fetchToken(wanted, [], true);
      return { authorization: `Bearer ${value}`, refreshToken };
    },
  };
}

function challengesOf({ headers }: HttpResponse): Challenge[] {
  return parseChallenges(headers['www-authenticate']);
}

/** Bearer before Basic, as Docker chooses: a token is worth less to a thief than a password. */
function choose(endpoint: Endpoint, challenges: Challenge[]): Wanted {
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer !== undefined) {
    const realm = checkRealm(bearer.parameters.get('realm'), endpoint.url);
    const insecure = endpoint.insecure && realm.host === endpoint.url.host;
    return { scheme: 'bearer', realm, service: bearer.parameters.get('service'), insecure };
  }
  if (challenges.some(({ scheme }) => scheme === 'basic')) return { scheme: 'basic' };
  if (challenges.length === 0) return { scheme: 'none' };
  const names = challenges.map(({ scheme }) => JSON.stringify(scheme.slice(0, 20))).join(', ');
  throw new BerthError(
    'not-supported',
    `registry ${endpoint.url.host} wants authentication by ${names}; Basic and Bearer are supported`,
  );
}
