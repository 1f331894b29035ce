import { BerthError, isBerthError } from '@berth/kit';
import { type Credentials, createSession, isObject, type Transport } from '@berth/oci';

/** Docker's AuthConfig: what a client sends in `X-Registry-Auth`, or as body of POST /auth. */
export interface RegistryAuth extends Credentials {
  /** As the client knows the registry: `https://index.docker.io/v1/`, `localhost:5000`. */
  serverAddress?: string;
}

const HEADER_LIMIT = 64 * 1024;
const HUB_DOMAIN = 'docker.io';
/** Names of the hub in the wild. */
const HUB_HOSTS = new Set(['', 'docker.io', 'index.docker.io', 'registry-1.docker.io']);

/**
 * Reads an `X-Registry-Auth` header: base64url JSON, with or without padding, and the other base64 alphabet, which some
 * clients send. No header and an empty one mean no credentials. Errors: invalid.
 */
export function decodeRegistryAuth(header: string | undefined): RegistryAuth {
  if (header === undefined || header === '') return {};
  const wrong = (why: string, cause?: unknown) =>
    new BerthError('invalid', `invalid X-Registry-Auth header: ${why}`, cause === undefined ? {} : { cause });
  if (header.length > HEADER_LIMIT) throw wrong('it is too long');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(header)) throw wrong('must be a valid base64url-encoded string');
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch (cause) {
    throw wrong('it is not JSON', cause);
  }
  return parseRegistryAuth(value);
}

/** Checks an AuthConfig; member names in any case, as Go reads them. Errors: invalid. */
export function parseRegistryAuth(value: unknown): RegistryAuth {
  if (value === null) return {};
  if (!isObject(value)) throw new BerthError('invalid', 'invalid registry credentials: not a JSON object');
  const members = new Map(Object.entries(value).map(([name, member]) => [name.toLowerCase(), member]));
  const text = (name: string): string | undefined => {
    const member = members.get(name);
    if (member === undefined || member === null || member === '') return undefined;
    if (typeof member !== 'string')
      throw new BerthError('invalid', `invalid registry credentials: ${name} is not a string`);
    return member;
  };
  const auth: RegistryAuth = {};
  const [username, password, serverAddress] = [text('username'), text('password'), text('serveraddress')];
  const [identityToken, registryToken] = [text('identitytoken'), text('registrytoken')];
  if (username !== undefined) auth.username = username;
  if (password !== undefined) auth.password = password;
  if (serverAddress !== undefined) auth.serverAddress = serverAddress;
  if (identityToken !== undefined) auth.identityToken = identityToken;
  if (registryToken !== undefined) {
    if (!/^[\x21-\x7e]+$/.test(registryToken))
      throw new BerthError('invalid', 'invalid registry credentials: registrytoken');
    auth.registryToken = registryToken;
  }
  return auth;
}

/** The reference domain that a server address means. Errors: invalid. */
export function domainOf(serverAddress: string | undefined): string {
  const host = (serverAddress ?? '')
    .trim()
    .replace(/^https?:\/\//i, '')
    .split('/', 1)[0]!
    .toLowerCase();
  if (HUB_HOSTS.has(host)) return HUB_DOMAIN;
  if (!/^[a-z0-9.:[\]-]{1,255}$/.test(host)) {
    throw new BerthError('invalid', `invalid registry address: ${JSON.stringify(serverAddress)}`);
  }
  return host;
}

/**
 * A registry's "unauthorized" as a pull or push reports it. Not as status 401: that would be about this engine's API, and
 * Docker's client answers it by asking the person at the terminal for a name and waiting.
 */
export function passOnRefusal(error: unknown, domain: string): unknown {
  if (!isBerthError(error, 'unauthorized')) return error;
  const host = domain === HUB_DOMAIN ? '' : ` ${domain}`;
  const hint = `Log in first, or with other credentials: berth login${host}`;
  return new BerthError('forbidden', error.message, { cause: error, hint, details: error.details ?? {} });
}

/**
 * Asks the registry whether the credentials are good (POST /auth). The identity token is the refresh token, where the
 * token server gives one. Errors: unauthorized; unavailable.
 */
export async function checkAuth(
  transport: Transport,
  insecureRegistries: readonly string[],
  auth: RegistryAuth,
  signal: AbortSignal,
): Promise<{ Status: string; IdentityToken: string }> {
  const session = createSession({
    domain: domainOf(auth.serverAddress),
    credentials: auth,
    insecureRegistries,
    transport,
    signal,
  });
  const { refreshToken } = await session.login();
  return { Status: 'Login Succeeded', IdentityToken: refreshToken ?? '' };
}
