/** Where an engine listens. */
export type Address = UnixAddress | TcpAddress | SshAddress;

export interface UnixAddress {
  kind: 'unix';
  path: string;
}

export interface TcpAddress {
  kind: 'tcp';
  host: string;
  port: number;
  tls: TlsFiles | undefined;
  /** Stands before every path, '' or `/prefix`. */
  basePath: string;
}

/** An engine reached through `ssh`; '' is what ssh's own configuration says. */
export interface SshAddress {
  kind: 'ssh';
  user: string;
  host: string;
  port: string;
  /** Socket on the other machine; '' is the default of the program there. */
  path: string;
}

/** PEM texts. `verify` false takes any server certificate. */
export interface TlsFiles {
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  verify: boolean;
}

export interface TransportRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: Record<string, string>;
  body?: string | Uint8Array | AsyncIterable<Uint8Array>;
  signal?: AbortSignal;
}

export interface TransportResponse {
  status: number;
  header(name: string): string | undefined;
  text(): Promise<string>;
  /** The body in chunks as they come; leaving the loop ends the request. */
  body: AsyncIterable<Uint8Array>;
}

/** A byte stream in both directions whose writing side can be closed alone. */
export interface RawSocket {
  /**
   * Begins reading. `data` may return a promise: nothing more is read until it resolves. `end` comes once, after the
   * last data; `error` comes instead of it when the connection broke.
   */
  start(handlers: { data(chunk: Uint8Array): void | Promise<void>; end(): void; error(error: Error): void }): void;
  /** Resolves when the kernel or the queue has taken the bytes: await it to respect a slow receiver. */
  write(data: Uint8Array): Promise<void>;
  /** Half-close: no more will be written. */
  closeWrite(): void;
  destroy(): void;
}

/** How bytes get to the engine; one implementation for Bun, one for Node. */
export interface Transport {
  /** Throws ConnectError when nothing listens. */
  request(request: TransportRequest): Promise<TransportResponse>;
  connect(): Promise<RawSocket>;
}

/** Nobody listens at the address, or we may not talk to them. `reason` is the errno name where there is one. */
export class ConnectError extends Error {
  readonly reason: string;

  constructor(reason: string, cause: unknown) {
    super(`cannot connect: ${reason}`, { cause });
    this.name = 'ConnectError';
    this.reason = reason;
  }
}

/** Names that the runtimes have for a connection that broke in the middle of a request or an answer. */
const BROKEN = new Set(['ECONNRESET', 'EPIPE', 'ConnectionClosed', 'ERR_SOCKET_CLOSED', 'HPE_INVALID_EOF_STATE']);

/** One error for all of those; any other error as it is. */
export function orBroken(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && BROKEN.has(String(error.code)))) return error;
  return new Error('unexpected EOF: the engine went away', { cause: error });
}

/** The transport of the runtime that we are in. */
export async function openTransport(address: Address): Promise<Transport> {
  if (address.kind === 'ssh') {
    const [{ streamTransport }, { dialBySsh }] = await Promise.all([import('./stream.ts'), import('./ssh.ts')]);
    return streamTransport(() => dialBySsh(address));
  }
  if (typeof Bun !== 'undefined') return (await import('./bun.ts')).bunTransport(address, Bun);
  return (await import('./node.ts')).nodeTransport(address);
}
