import { BerthError } from '@berth/kit';
import { isObject } from '../descriptor.ts';
import { discard, readBounded } from './body.ts';
import { connectionError } from './connection-error.ts';
import { registryError } from './errors.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

/** What a user gave for one registry. Bound to that registry: never sent anywhere else but to its token server. */
export interface Credentials {
  username?: string;
  password?: string;
  /** A refresh token from an earlier login; takes the password's place. */
  identityToken?: string;
  /** A bearer token for the registry itself. */
  registryToken?: string;
}

export interface TokenRequest {
  realm: URL;
  service: string | undefined;
  /** `repository:library/busybox:pull`; none asks who one is. */
  scopes: readonly string[];
  /** Asks for a refresh token too. */
  offline: boolean;
  insecure: boolean;
  signal: AbortSignal;
}

export interface Token {
  value: string;
  refreshToken: string | undefined;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

const CLIENT_ID = 'berth';
const BODY_LIMIT = 256 * 1024;
const TOKEN_MAX = 64 * 1024;
/** The specification's default, which is also the least that Docker assumes. Seconds. */
const LIFETIME_MIN = 60;

/** The `Authorization` value of basic authentication, or undefined without a name. */
export function basicAuthorization({ username, password }: Credentials): string | undefined {
  if (username === undefined || username === '') return undefined;
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}

/**
 * Asks a token server (distribution-spec token authentication; OAuth2 where there is a refresh token). Redirects are not
 * followed: a token server has no reason to send credentials elsewhere. Errors: unauthorized, unavailable.
 */
export async function requestToken(
  transport: Transport,
  request: TokenRequest,
  credentials: Credentials,
): Promise<Token> {
  const response = await exchange(
    transport,
    credentials.identityToken ? refresh(request, credentials.identityToken) : ask(request, credentials),
  );
  if (response.status !== 200) {
    if (response.status >= 300 && response.status < 400) {
      await discard(response.body);
      throw new BerthError('unavailable', `token server ${request.realm.host} redirects: refused`);
    }
    throw await registryError(response, 'UNAUTHORIZED');
  }
  return parseToken(
    await readBounded(response.body, BODY_LIMIT, `the token from ${request.realm.host}`),
    request.realm,
  );
}

async function exchange(transport: Transport, request: HttpRequest): Promise<HttpResponse> {
  try {
    return await transport.send(request);
  } catch (cause) {
    request.signal.throwIfAborted();
    throw connectionError(request.method, request.url, cause);
  }
}

function ask(
  { realm, service, scopes, offline, insecure, signal }: TokenRequest,
  credentials: Credentials,
): HttpRequest {
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set('service', service);
  for (const scope of scopes) url.searchParams.append('scope', scope);
  if (offline) {
    url.searchParams.set('offline_token', 'true');
    url.searchParams.set('client_id', CLIENT_ID);
  }
  const authorization = basicAuthorization(credentials);
  if (authorization !== undefined) url.searchParams.set('account', credentials.username ?? '');
  return { method: 'GET', url, insecure, signal, headers: authorization === undefined ? {} : { authorization } };
}

function refresh({ realm, service, scopes, insecure, signal }: TokenRequest, identityToken: string): HttpRequest {
  const form = new URLSearchParams({ grant_type: 'refresh_token', client_id: CLIENT_ID, refresh_token: identityToken });
  if (service !== undefined) form.set('service', service);
  if (scopes.length > 0) form.set('scope', scopes.join(' '));
  return {
    method: 'POST',
    url: realm,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: Buffer.from(form.toString()),
    insecure,
    signal,
  };
}

function parseToken(body: Buffer, realm: URL): Token {
  const wrong = (what: string) => new BerthError('unavailable', `token server ${realm.host} ${what}`);
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new BerthError('unavailable', `token server ${realm.host} answered with no JSON`, { cause });
  }
  if (!isObject(answer)) throw wrong('answered with no JSON object');
  const value = answer['token'] || answer['access_token'];
  if (typeof value !== 'string') throw wrong('did not include a token');
  if (!isHeaderSafe(value)) throw wrong('gave a token that is none');
  const refreshToken = answer['refresh_token'];
  const lifetime = Number(answer['expires_in'] ?? 0);
  return {
    value,
    refreshToken: typeof refreshToken === 'string' && isHeaderSafe(refreshToken) ? refreshToken : undefined,
    expiresAt: Date.now() + Math.max(LIFETIME_MIN, Number.isFinite(lifetime) ? lifetime : 0) * 1000,
  };
}

function isHeaderSafe(text: string): boolean {
  return text.length <= TOKEN_MAX && /^[\x21-\x7e]+$/.test(text);
}
