import { BerthError, type ErrorCode } from '@berth/kit';
import { formatAddress, parseAddress } from './address.ts';
import { explainConnect } from './explain-connect.ts';
import { type HijackedStream, openHijacked } from './hijack.ts';
import {
  type Address,
  ConnectError,
  openTransport,
  type RawSocket,
  type TlsFiles,
  type Transport,
  type TransportRequest,
  type TransportResponse,
} from './transport/transport.ts';

/** The newest API version that this client speaks. */
export const API_VERSION = '1.50';

export interface ClientOptions {
  /** `unix:///path`, `tcp://host:port`, `ssh://user@host`. */
  host: string;
  tls?: TlsFiles;
  /** Fixed API version (DOCKER_API_VERSION); undefined starts with the newest and steps down when the engine is older. */
  apiVersion?: string;
  /** Sent with every request. */
  headers?: Record<string, string>;
  /** Asked once when nothing listens; true means: try again. */
  onUnreachable?: () => Promise<boolean>;
}

/** Query values; false, undefined and '' are left out, true is sent as 1, objects as JSON, lists as repeated parameters. */
export type Query = Record<string, string | number | boolean | readonly string[] | object | undefined>;

export interface CallOptions {
  query?: Query;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is; a stream can be sent once only. */
  body?: Uint8Array | AsyncIterable<Uint8Array>;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** `hijack` only: the path has no version (`/berth/v1/…`). */
  unversioned?: boolean;
}

/**
 * Talks to one engine. Errors are BerthError: 'unavailable' when nothing answers, else by the status of the answer,
 * with the engine's own sentence after "Error response from daemon: ".
 */
export class EngineClient {
  readonly host: string;
  readonly #options: ClientOptions;
  readonly #address: Address;
  /** Before every path; '' unless the address has one. */
  readonly #basePath: string;
  #transport: Promise<Transport> | undefined;
  #version: string;
  #unreachableAsked = false;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#version = options.apiVersion ?? API_VERSION;
    this.#address = parseAddress(options.host, options.tls);
    this.host = formatAddress(this.#address);
    this.#basePath = this.#address.kind === 'tcp' ? this.#address.basePath : '';
  }

  /** The API version in use; lower than API_VERSION after an older engine said so. */
  get apiVersion(): string {
    return this.#version;
  }

  /** Calls and reads a JSON answer; undefined when there is no body. */
  async json<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
    const response = await this.stream(method, path, options);
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** Calls and drops the answer's body. */
  async done(method: string, path: string, options: CallOptions = {}): Promise<TransportResponse> {
    const response = await this.stream(method, path, options);
    await response.text();
    return response;
  }

  /** Calls and gives the answer with its body still to be read. Throws on status 400 and above. */
  async stream(method: string, path: string, options: CallOptions = {}): Promise<TransportResponse> {
    const isStream = options.body !== undefined && !(options.body instanceof Uint8Array);
    // A stream cannot be sent again: settle the version before.
    if (isStream) await this.#settleVersion();
    const used = this.#version;
    const response = await this.#send(this.#request(method, path, options));
    if (response.status < 400) return response;
    const error = await responseError(response);
    if (isStream || !this.#stepDown(error, used)) throw error;
    const second = await this.#send(this.#request(method, path, options));
    if (second.status < 400) return second;
    throw await responseError(second);
  }

  /** Calls without the version in front of the path: `/_ping`, `/berth/v1/…`. */
  async unversioned(method: string, path: string, options: CallOptions = {}): Promise<TransportResponse> {
    const response = await this.#send({
      ...this.#request(method, path, options),
      path: this.#basePath + path + queryString(options.query),
    });
    if (response.status >= 400) throw await responseError(response);
    return response;
  }

  /** Calls and takes over the connection (attach, exec). */
  async hijack(method: string, path: string, options: CallOptions = {}): Promise<HijackedStream> {
    const open = async () => {
      const request = this.#request(method, path, options);
      return openHijacked(await this.#reach((transport) => transport.connect()), request, responseError);
    };
    const used = this.#version;
    try {
      return await open();
    } catch (error) {
      if (!this.#stepDown(error, used)) throw error;
      return open();
    }
  }

  /** A byte stream to the engine, nothing sent yet: for those who speak HTTP themselves (`system dial-stdio`). */
  dial(): Promise<RawSocket> {
    return this.#reach((transport) => transport.connect());
  }

  #request(method: string, path: string, options: CallOptions): TransportRequest {
    const json = options.json === undefined ? undefined : JSON.stringify(options.json);
    const headers: Record<string, string> = {
      ...this.#options.headers,
      'User-Agent': 'Berth-Client/0.1 (linux)',
      ...options.headers,
    };
    if (json !== undefined) headers['Content-Type'] = 'application/json';
    return {
      method,
      path: `${this.#basePath}${options.unversioned ? '' : `/v${this.#version}`}${path}${queryString(options.query)}`,
      headers,
      ...(json !== undefined && { body: json }),
      ...(options.body !== undefined && { body: options.body }),
      ...(options.signal && { signal: options.signal }),
    };
  }

  #send(request: TransportRequest): Promise<TransportResponse> {
    return this.#reach((transport) => transport.request(request));
  }

  async #reach<T>(act: (transport: Transport) => Promise<T>): Promise<T> {
    this.#transport ??= openTransport(this.#address);
    const transport = await this.#transport;
    try {
      return await act(transport);
    } catch (error) {
      if (!(error instanceof ConnectError)) throw duringConnect(error, this.#address);
      const { onUnreachable } = this.#options;
      if (onUnreachable && !this.#unreachableAsked) {
        this.#unreachableAsked = true;
        if (await onUnreachable()) return this.#reach(act);
      }
      throw unreachable(this.host, error);
    }
  }

  async #settleVersion(): Promise<void> {
    if (this.#options.apiVersion) return;
    const response = await this.unversioned('GET', '/_ping');
    await response.text();
    const offered = response.header('Api-Version');
    if (offered && isOlder(offered, this.#version)) this.#version = offered;
  }

  /** True when the error of a call with version `used` says that the engine is older, and we now speak its version. */
  #stepDown(error: unknown, used: string): boolean {
    if (this.#options.apiVersion || !(error instanceof BerthError)) return false;
    const match = /client version \S+ is too new\. Maximum supported API version is (\d+\.\d+)/.exec(error.message);
    if (!match?.[1] || !isOlder(match[1], used)) return false;
    this.#version = match[1];
    return true;
  }
}

function isOlder(a: string, b: string): boolean {
  const [aMajor = 0, aMinor = 0] = a.split('.').map(Number);
  const [bMajor = 0, bMinor = 0] = b.split('.').map(Number);
  return aMajor < bMajor || (aMajor === bMajor && aMinor < bMinor);
}

function queryString(query: Query = {}): string {
  const parts: string[] = [];
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined || value === false || value === '') continue;
    const texts = Array.isArray(value)
      ? value.map(String)
      : [value === true ? '1' : typeof value === 'object' ? JSON.stringify(value) : String(value)];
    for (const text of texts) parts.push(`${name}=${encodeURIComponent(text)}`);
  }
  return parts.length ? `?${parts.join('&')}` : '';
}

const CODES: Record<number, ErrorCode> = {
  400: 'invalid',
  401: 'unauthorized',
  403: 'forbidden',
  404: 'not-found',
  409: 'conflict',
  501: 'not-supported',
  503: 'unavailable',
};

async function responseError(response: TransportResponse): Promise<BerthError> {
  const text = await response.text();
  let message = text.trim();
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'message' in parsed) message = String(parsed.message).trim();
  } catch {
    // Not JSON: a proxy or an old engine; the text itself is the sentence.
  }
  const { status } = response;
  return new BerthError(
    CODES[status] ?? 'internal',
    `Error response from daemon: ${message || `request failed with status ${status}`}`,
    {
      details: { status, message },
    },
  );
}

/** An error of the connection itself, such as a certificate that is not trusted. Cancelling is the caller's own. */
function duringConnect(error: unknown, address: Address): unknown {
  if (!(error instanceof Error) || error instanceof BerthError || error.name === 'AbortError') return error;
  const { message, hint } = explainConnect(error, address);
  return new BerthError('unavailable', `error during connect: ${message}`, { cause: error, ...(hint && { hint }) });
}

function unreachable(host: string, error: ConnectError): BerthError {
  if (error.reason === 'EACCES')
    return new BerthError(
      'unavailable',
      `permission denied while trying to connect to the Docker daemon socket at ${host}`,
      {
        hint: 'Run as root, or become a member of the group that owns the socket.',
        cause: error,
      },
    );
  return new BerthError(
    'unavailable',
    `Cannot connect to the Docker daemon at ${host}. Is the docker daemon running?`,
    { cause: error },
  );
}
