import { BerthError } from '@berth/kit';
import { type Authorizer, createAuthorizer } from './authorizer.ts';
import { discard } from './body.ts';
import { connectionError } from './connection-error.ts';
import { type Endpoint, endpointsOf } from './endpoint.ts';
import { registryError } from './errors.ts';
import { type ExchangeContext, exchange, isRepeatable, probe } from './exchange.ts';
import { redirectOf, resolveLocation } from './location.ts';
import { ATTEMPTS, type Wait } from './retry.ts';
import type { Credentials } from './token.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

export interface SessionOptions {
  /** Host of a reference: `docker.io`, `localhost:5000`. */
  domain: string;
  transport: Transport;
  credentials?: Credentials | undefined;
  insecureRegistries?: readonly string[];
  /** Asked in the place of the domain's own: a mirror. */
  endpoints?: readonly Endpoint[] | undefined;
  /** How often a download that breaks is tried, the first included; 5 unless said. */
  downloadAttempts?: number | undefined;
  /** Ends everything that the session has under way. */
  signal?: AbortSignal;
  /** Told of every pause before something is tried again. */
  onWait?: ((wait: Wait) => void) | undefined;
}

/** A conversation with one registry on behalf of one user. Tokens are kept for its life; nothing needs closing. */
export interface RegistrySession {
  readonly domain: string;
  readonly signal: AbortSignal;
  readonly downloadAttempts: number;
  readonly onWait: ((wait: Wait) => void) | undefined;
  /** Finds the endpoint that answers and what it wants to know. Errors: unavailable, naming host and cause. */
  connect(): Promise<Endpoint>;
  /**
   * Sends a request, with credentials where they belong, and gives the answer when its status is one of `expect`.
   * GET and HEAD follow redirects, without credentials when another origin is named. Errors: see `registryError`,
   * `connectionError`.
   */
  request(request: RegistryRequest): Promise<HttpResponse>;
  /** The request as it would be sent now, with its credentials: for another time, with the transport itself. */
  prepare(request: PreparedRequest): Promise<Omit<HttpRequest, 'signal'>>;
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

export type PreparedRequest = Pick<RegistryRequest, 'method' | 'headers' | 'scopes'> & { at: string };

const REDIRECTS_MAX = 5;

export function createSession(options: SessionOptions): RegistrySession {
  const { domain, transport, credentials = {}, insecureRegistries = [], onWait } = options;
  const signal = options.signal ?? new AbortController().signal;
  const authorizer = createAuthorizer({ transport, credentials, signal });
  const context: SessionContext = { domain, transport, signal, authorizer, onWait };
  const endpoints = options.endpoints ?? endpointsOf(domain, insecureRegistries);
  let connecting: Promise<Endpoint> | undefined;
  const connect = () => {
    connecting ??= findEndpoint(context, endpoints);
    return connecting;
  };
  return {
    domain,
    signal,
    downloadAttempts: options.downloadAttempts ?? ATTEMPTS,
    onWait,
    connect,
    login: async () => login(context, await connect()),
    prepare: async ({ method, at, scopes, headers }) => {
      const { url, insecure } = await connect();
      const authorization = await authorizer.authorization(scopes);
      return {
        method,
        url: new URL(at, url),
        insecure,
        headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
      };
    },
    request: async (request) => {
      const endpoint = await connect();
      let response = await send(context, endpoint, request);
      const ours = response.url.origin === endpoint.url.origin;
      if (response.status === 401 && ours && isRepeatable(request)) {
        // The token may have run out, or the registry wants to be asked differently here than at /v2/.
        if (authorizer.relearn(endpoint, response, request.scopes)) {
          await discard(response.body);
          response = await send(context, endpoint, request);
        }
      }
      if (request.expect.includes(response.status)) return response;
      throw await registryError(response, request.notFound);
    },
  };
}

interface SessionContext extends ExchangeContext {
  domain: string;
  authorizer: Authorizer;
}

async function findEndpoint(context: SessionContext, endpoints: readonly Endpoint[]): Promise<Endpoint> {
  const { authorizer, signal } = context;
  let failure: BerthError | undefined;
  for (const endpoint of endpoints) {
    const url = new URL('/v2/', endpoint.url);
    let response: HttpResponse;
    try {
      response = await probe(context, { method: 'GET', url, insecure: endpoint.insecure, signal });
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
}

/** One request and what it redirects to. Credentials go to the endpoint's own origin only. */
async function send(context: SessionContext, endpoint: Endpoint, request: RegistryRequest): Promise<HttpResponse> {
  const { domain, signal, authorizer } = context;
  const { method, at, scopes, body, idleTimeout } = request;
  // Whoever waits wants to know for what, not where it was redirected to.
  const onWait = (wait: Wait) => context.onWait?.({ ...wait, at: at instanceof URL ? at.pathname : at });
  let url = at instanceof URL ? at : new URL(at, endpoint.url);
  for (let redirects = 0; ; redirects++) {
    const home = url.origin === endpoint.url.origin;
    const authorization = home ? await authorizer.authorization(scopes) : undefined;
    const response = await exchange(
      { ...context, onWait },
      {
        method,
        url,
        headers: { ...request.headers, ...(authorization === undefined ? {} : { authorization }) },
        signal,
        insecure: home && endpoint.insecure,
        ...(body === undefined ? {} : { body }),
        ...(idleTimeout === undefined ? {} : { idleTimeout }),
      },
    );
    const location = redirectOf(response);
    if (location === undefined || (method !== 'GET' && method !== 'HEAD')) return response;
    await discard(response.body);
    if (redirects === REDIRECTS_MAX) throw new BerthError('unavailable', `registry ${domain} redirects too often`);
    url = resolveLocation(location, url, domain);
  }
}

async function login(context: SessionContext, endpoint: Endpoint): Promise<{ refreshToken: string | undefined }> {
  const { authorization, refreshToken } = await context.authorizer.login();
  const url = new URL('/v2/', endpoint.url);
  const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
  const { signal } = context;
  const response = await exchange(context, { method: 'GET', url, headers, insecure: endpoint.insecure, signal });
  await discard(response.body);
  if (response.status !== 200) {
    const code = response.status === 401 ? 'unauthorized' : 'unavailable';
    throw new BerthError(code, `login attempt to ${url.href} failed with status: ${response.statusText}`);
  }
  return { refreshToken };
}
