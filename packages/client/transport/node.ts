import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import type { Socket } from 'node:net';
import {
  ConnectError,
  orBroken,
  type RawSocket,
  type TcpAddress,
  type Transport,
  type TransportRequest,
  type TransportResponse,
  type UnixAddress,
} from './transport.ts';

type Local = UnixAddress | TcpAddress;

/** The same over Node's own http and net, which are loaded here and nowhere else. */
export async function nodeTransport(address: Local): Promise<Transport> {
  const secure = address.kind === 'tcp' && address.tls !== undefined;
  const http = secure ? await import('node:https') : await import('node:http');
  const agent = new http.Agent({ keepAlive: true });
  return {
    request: (request) =>
      send((options, answer) => http.request({ ...options, ...target(address), agent }, answer), request),
    connect: () => connect(address),
  };
}

function target(address: Local): RequestOptions & { rejectUnauthorized?: boolean } {
  if (address.kind === 'unix') return { socketPath: address.path };
  return { host: address.host, port: address.port, ...tls(address) };
}

function tls(address: Local): { ca?: string; cert?: string; key?: string; rejectUnauthorized?: boolean } {
  if (address.kind === 'unix' || !address.tls) return {};
  const { ca, cert, key, verify } = address.tls;
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized: verify };
}

type Open = (options: RequestOptions, answer: (message: IncomingMessage) => void) => ClientRequest;

function send(open: Open, request: TransportRequest): Promise<TransportResponse> {
  return new Promise((resolve, reject) => {
    const { body } = request;
    const options: RequestOptions = { method: request.method, path: request.path, headers: request.headers };
    if (request.signal) options.signal = request.signal;
    const message = open(options, (response) =>
      resolve({
        status: response.statusCode ?? 0,
        header: (name) => {
          const value = response.headers[name.toLowerCase()];
          return Array.isArray(value) ? value.join(', ') : value;
        },
        text: async () => {
          let text = '';
          response.setEncoding('utf8');
          for await (const chunk of unbroken(response)) text += chunk;
          return text;
        },
        body: unbroken(response),
      }),
    );
    message.on('error', (error) => reject(asConnectError(error)));
    if (body === undefined || typeof body === 'string' || body instanceof Uint8Array) {
      const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
      if (bytes) message.setHeader('Content-Length', bytes.length);
      message.end(bytes);
    } else pump(body, message).catch((error: Error) => message.destroy(error));
  });
}

async function pump(body: AsyncIterable<Uint8Array>, message: ClientRequest): Promise<void> {
  for await (const chunk of body) {
    if (message.destroyed) return;
    if (!message.write(chunk))
      await new Promise<void>((resolve) => message.once('drain', resolve).once('close', resolve));
  }
  message.end();
}

async function* unbroken(response: IncomingMessage): AsyncGenerator<Uint8Array> {
  try {
    yield* response;
  } catch (error) {
    throw orBroken(error);
  }
}

const UNREACHABLE = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'EACCES',
  'ENOTSOCK',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTDIR',
  'EPERM',
]);

function asConnectError(error: Error): unknown {
  const found = 'syscall' in error && 'code' in error && /^(connect|getaddrinfo)/.test(String(error.syscall));
  return found && UNREACHABLE.has(String(error.code)) ? new ConnectError(String(error.code), error) : orBroken(error);
}

async function connect(address: Local): Promise<RawSocket> {
  const socket: Socket = await openSocket(address);
  return new Promise((resolve, reject) => {
    const refused = (error: Error) => reject(asConnectError(error));
    socket.once('error', refused);
    socket.once(address.kind === 'tcp' && address.tls ? 'secureConnect' : 'connect', () => {
      socket.off('error', refused);
      socket.setNoDelay(true);
      resolve(rawSocket(socket));
    });
  });
}

async function openSocket(address: Local): Promise<Socket> {
  if (address.kind === 'unix') return (await import('node:net')).connect({ path: address.path, allowHalfOpen: true });
  const { host, port } = address;
  if (!address.tls) return (await import('node:net')).connect({ host, port, allowHalfOpen: true });
  const { isIP } = await import('node:net');
  // Server names are for DNS names only.
  const name = isIP(host) ? {} : { servername: host };
  const options = { host, port, ...name, allowHalfOpen: true, ...tls(address) };
  return (await import('node:tls')).connect(options);
}

function rawSocket(socket: Socket): RawSocket {
  return {
    start({ data, end, error }) {
      let over = false;
      const finish = (cause?: Error) => {
        if (over) return;
        over = true;
        if (cause) error(cause);
        else end();
      };
      socket.on('data', (chunk: Uint8Array) => {
        const busy = data(chunk);
        if (!busy) return;
        socket.pause();
        busy.then(
          () => socket.resume(),
          (cause: Error) => finish(cause),
        );
      });
      socket.once('end', () => finish());
      socket.once('close', () => finish());
      socket.on('error', finish);
    },
    write: (data) => new Promise((resolve) => socket.write(data, () => resolve())),
    closeWrite: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}
