import { Agent as HttpAgent, request as httpRequest, type IncomingHttpHeaders, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { pipeline, type Readable } from 'node:stream';
import { BerthError } from '@berth/kit';
import { isLoopback } from './endpoint.ts';
import { CERTIFICATE_DIRECTORIES, createTrust } from './trust.ts';

export interface HttpRequest {
  method: 'GET' | 'HEAD' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  url: URL;
  headers?: Record<string, string>;
  /** Bytes, or a stream that is sent with back-pressure. */
  body?: Uint8Array | Readable;
  /** Do not check certificates; only for endpoints that were declared insecure. */
  insecure?: boolean;
  /** Longest silence on the connection in milliseconds, default 60 s. */
  idleTimeout?: number;
  signal: AbortSignal;
}

export interface HttpResponse {
  status: number;
  statusText: string;
  headers: IncomingHttpHeaders;
  /** Must be read or destroyed by whoever gets it. */
  body: Readable;
  url: URL;
}

/** One HTTP exchange, as it is: no redirects, no credentials, no retries. */
export interface Transport {
  /** Errors: whatever Node reports for the connection. */
  send(request: HttpRequest): Promise<HttpResponse>;
  /** Closes kept connections. */
  close(): void;
}

export interface TransportOptions {
  /** Where proxies are named: HTTP_PROXY, HTTPS_PROXY, NO_PROXY in either case. Loopback hosts are never proxied. */
  env?: NodeJS.ProcessEnv;
  /** See `CERTIFICATE_DIRECTORIES`. */
  certificateDirectories?: readonly string[];
  /** `User-Agent`. */
  userAgent?: string;
}

const IDLE_TIMEOUT = 60_000;
/** Connections per host: three layers at once, their redirects' hosts apart, and a few small requests. */
const SOCKETS_PER_HOST = 8;

/** A transport with connections that are kept alive; one per engine. */
export function createTransport(options: TransportOptions = {}): Transport {
  const agents = createAgents(options);
  const userAgent = options.userAgent ?? 'berth';
  return {
    send: (request) =>
      new Promise((resolve, reject) => {
        const { url, body } = request;
        const headers: Record<string, string> = {
          'user-agent': userAgent,
          'accept-encoding': 'identity',
          ...request.headers,
        };
        if (body instanceof Uint8Array) headers['content-length'] = String(body.byteLength);
        const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
        const outgoing = send(url, {
          method: request.method,
          headers,
          agent: agents.of(url, request.insecure === true),
          signal: request.signal,
        });
        let incoming: IncomingMessage | undefined;
        outgoing.setTimeout(request.idleTimeout ?? IDLE_TIMEOUT, () => (incoming ?? outgoing).destroy(timeoutOf(url)));
        // Stays for the request's whole life: after an early answer the connection may still break.
        outgoing.on('error', reject);
        outgoing.on('response', (response) => {
          incoming = response;
          resolve({
            status: response.statusCode ?? 0,
            statusText: `${response.statusCode} ${response.statusMessage ?? ''}`.trim(),
            headers: response.headers,
            body: response,
            url,
          });
        });
        if (body === undefined) outgoing.end();
        else if (body instanceof Uint8Array) outgoing.end(body);
        else pipeline(body, outgoing, (error) => error && outgoing.destroy(error));
      }),
    close: agents.close,
  };
}

function timeoutOf(url: URL): Error {
  return Object.assign(new Error(`no answer from ${url.host} in time`), { code: 'ETIMEDOUT' });
}

/** Agents by what makes their connections differ. There are as many as hosts with settings of their own, and four. */
function createAgents({ env = process.env, certificateDirectories = CERTIFICATE_DIRECTORIES }: TransportOptions) {
  const trust = createTrust(certificateDirectories);
  const known = new Map<string, HttpAgent>();
  const get = (key: string, make: () => HttpAgent) => {
    const agent = known.get(key) ?? make();
    known.set(key, agent);
    return agent;
  };
  return {
    of: (url: URL, insecure: boolean): HttpAgent => {
      const direct = isLoopback(url.hostname);
      const common = { keepAlive: true, maxSockets: SOCKETS_PER_HOST, ...(direct ? {} : { proxyEnv: env }) };
      if (url.protocol === 'http:') return get(`http ${direct}`, () => new HttpAgent(common));
      if (url.protocol !== 'https:')
        throw new BerthError('invalid', `unsupported URL scheme ${JSON.stringify(url.protocol)}`);
      const { key, context } = trust(url.host);
      return get(`https ${direct} ${insecure} ${key}`, () => {
        return new HttpsAgent({ ...common, secureContext: context, rejectUnauthorized: !insecure });
      });
    },
    close: () => {
      for (const agent of known.values()) agent.destroy();
      known.clear();
    },
  };
}
