import { BerthError } from '@berth/kit';
import { createAuthorizer } from './authorizer.ts';
import { discard } from './body.ts';
import { type Endpoint, endpointsOf } from './endpoint.ts';
import { connectionError, registryError } from './errors.ts';
import { ATTEMPTS, backOff, isTransient, pause, retryDelay } from './retry.ts';
import type { Credentials } from './token.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

export interface SessionOptions {
  /** Host of a reference: `docker.io`, `localhost:5000`. */
  domain: string;
  transport: Transport;
  credentials?: Credentials | undefined;
  insecureRegistries?: readonly string[];
  /** Ends everything that the session has under way. */
  signal?: AbortSignal;
}

/** A conversation with one registry on behalf of one user. Tokens are kept for its life; nothing needs closing. */
export interface RegistrySession {
  readonly domain: string;
  readonly signal: AbortSignal;
  /** Finds the endpoint that answers and what it wants to know. Errors: unavailable, naming host and cause. */
  connect(): Promise<Endpoint>;
  /**
   * Sends a request, with credentials where they belong, and gives the answer when its status is one of `expect`.
   * GET and HEAD follow redirects, without credentials when another origin is named. Errors: see `registryError`,
   * `connectionError`.
   */
  request(request: RegistryRequest): Promise<HttpResponse>;
  /** Whether the credentials are good, and the refresh token where the token server gives one. Errors: unauthorized. */
  login(): Promise<{ refreshToken: string | undefined }>;
}

export interface RegistryRequest extends Pick<HttpRequest, 'method' | 'headers' | 'body' | 'idleTimeout'> {
  /** A path of the registry (`/v2/…`), or a location that it named. */
  at: string | URL;
  scopes: readonly string[];
  expect: readonly number[];
  /** Code of the distribution specification that a 404 without a body stands for. */
  notFound: string;
}

const REDIRECTS_MAX = 5;

export function createSession(options: SessionOptions): RegistrySession {
  const { domain, transport } = options;
  const signal = options.signal ?? new AbortController().signal;
  const endpoints = endpointsOf(domain, options.insecureRegistries ?? []);
  const authorizer = createAuthorizer({ transport, credentials: options.credentials ?? {}, signal });
  let connecting: Promise<Endpoint> | undefined;

  const connect = () => {
    connecting ??= findEndpoint();
    return connecting;
  };

  const findEndpoint = async (): Promise<Endpoint> => {
    let failure: BerthError | undefined;
    for (const endpoint of endpoints) {
      const url = new URL('/v2/', endpoint.url);
      let response: HttpResponse;
      try {
        response = await withRetries({ method: 'GET', url, insecure: endpoint.insecure, signal }, false);
      } catch (cause) {
        signal.throwIfAborted();
        // Only a connection that fails leads to the next endpoint: what answered is never left for plain HTTP.
        failure = connectionError('GET', url, cause);
        continue;
      }
      if (response.status >= 500) throw await registryError(response, 'UNKNOWN');
      await discard(response.body);
      authorizer.learn(endpoint, response);
      return endpoint;
    }
    throw failure;
  };

  /** Asks again where that may help and nothing was consumed; gives the last answer or throws the last failure. */
  const withRetries = async (request: HttpRequest, resets = true): Promise<HttpResponse> => {
    const repeatable = request.body === undefined || request.body instanceof Uint8Array;
    for (let attempt = 1; ; attempt++) {
      signal.throwIfAborted();
      let delay: number | undefined;
      try {
        const response = await transport.send(request);
        delay = retryDelay(response, attempt);
        if (delay === undefined || !repeatable || attempt === ATTEMPTS) return response;
        await discard(response.body);
      } catch (error) {
        if (!resets || !repeatable || attempt === ATTEMPTS || !isTransient(error)) throw error;
        delay = backOff(attempt);
      }
      await pause(delay, signal);
    }
  };

  const sendOnce = async (endpoint: Endpoint, request: RegistryRequest, first: URL): Promise<HttpResponse> => {
    let url = first;
    for (let redirects = 0; ; redirects++) {
      const home = url.origin === endpoint.url.origin;
      const headers = { ...request.headers };
      const authorization = home ? await authorizer.authorization(request.scopes) : undefined;
      if (authorization !== undefined) headers['authorization'] = authorization;
      const { method, body, idleTimeout } = request;
      const response = await exchange({
        method,
        url,
        headers,
        signal,
        insecure: home && endpoint.insecure,
        ...(body === undefined ? {} : { body }),
        ...(idleTimeout === undefined ? {} : { idleTimeout }),
      });
      if (!isRedirect(response) || (method !== 'GET' && method !== 'HEAD')) return response;
      await discard(response.body);
      if (redirects === REDIRECTS_MAX) throw new BerthError('unavailable', `registry ${domain} redirects too often`);
      url = resolveLocation(response.headers.location ?? '', url, domain);
    }
  };

  const exchange = async (request: HttpRequest): Promise<HttpResponse> => {
    try {
      return await withRetries(request);
    } catch (cause) {
      signal.throwIfAborted();
      throw cause instanceof BerthError ? cause : connectionError(request.method, request.url, cause);
    }
  };

  return {
    domain,
    signal,
    connect,
    login: async () => {
      const endpoint = await connect();
      const { authorization, refreshToken } = await authorizer.login();
      const url = new URL('/v2/', endpoint.url);
      const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
      const response = await exchange({ method: 'GET', url, headers, insecure: endpoint.insecure, signal });
      await discard(response.body);
      if (response.status !== 200) {
        throw new BerthError(
          response.status === 401 ? 'unauthorized' : 'unavailable',
          `login attempt to ${url.href} failed with status: ${response.statusText}`,
        );
      }
      return { refreshToken };
    },
    request: async (request) => {
      const endpoint = await connect();
      const first = request.at instanceof URL ? request.at : new URL(request.at, endpoint.url);
      let response = await sendOnce(endpoint, request, first);
      const again = request.body === undefined || request.body instanceof Uint8Array;
      if (response.status === 401 && again && response.url.origin === endpoint.url.origin) {
        // The token may have run out, or the registry wants to be asked differently here than at /v2/.
        if (authorizer.relearn(endpoint, response, request.scopes)) {
          await discard(response.body);
          response = await sendOnce(endpoint, request, first);
        }
      }
      if (request.expect.includes(response.status)) return response;
      throw await registryError(response, request.notFound);
    },
  };
}

function isRedirect({ status, headers }: HttpResponse): boolean {
  return [301, 302, 303, 307, 308].includes(status) && headers.location !== undefined;
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
