import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls } from 'node:tls';
import { errnoOf } from '@berth/kit';
import type { LogAddress } from '../../address.ts';

/** What the address of a stream may be. */
export type StreamAddress = Exclude<LogAddress, { protocol: 'udp' | 'unixgram' }>;

export interface TlsFiles {
  ca: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  skipVerify: boolean;
}

const CONNECT_TIMEOUT = 10_000;

/** A stream to a log server. Writes are waited for, so no more than one is held in memory. */
export class LogStream {
  readonly #socket: Socket;
  /** Milliseconds for one write; 0: no limit. */
  readonly #writeTimeout: number;
  #broken: Error | undefined;
  #onBroken: (() => void) | undefined;
  /** What the server says. */
  onData: ((chunk: Buffer) => void) | undefined;

  private constructor(socket: Socket, writeTimeout: number) {
    this.#socket = socket;
    this.#writeTimeout = writeTimeout;
    const end = (error?: Error) => {
      this.#broken ??= error ?? new Error('the log server closed the connection');
      socket.destroy();
      this.#onBroken?.();
    };
    socket.on('error', end);
    socket.on('end', () => end());
    socket.on('close', () => end());
    socket.on('data', (chunk: Buffer) => this.onData?.(chunk)); // read in any case: its end is seen in time
  }

  static async connect(
    address: StreamAddress,
    options: { tls?: TlsFiles | undefined; writeTimeout?: number } = {},
  ): Promise<LogStream> {
    const socket = dial(address, options.tls);
    await new Promise<void>((resolve, reject) => {
      const done = (error?: Error) => {
        clearTimeout(timer);
        socket.off('error', done);
        if (!error) return resolve();
        socket.destroy();
        reject(new Error(`${describeAddress(address)}: ${reasonOf(error)}`, { cause: error }));
      };
      const timer = setTimeout(() => done(new Error('i/o timeout')), CONNECT_TIMEOUT);
      socket.once(address.protocol === 'tls' ? 'secureConnect' : 'connect', () => done());
      socket.once('error', done);
    });
    return new LogStream(socket, options.writeTimeout ?? 0);
  }

  /** Resolves when the kernel has taken it. Errors: the connection is broken. */
  write(bytes: Buffer): Promise<void> {
    return this.race(
      (resolve) => this.#socket.write(bytes, (error) => resolve(error ?? undefined)),
      this.#writeTimeout,
    );
  }

  /** Waits for something that the connection brings, at most so many milliseconds (0: any time), or for its end. */
  race(begin: (done: (error?: Error) => void) => void, timeout: number): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#broken) return reject(this.#broken);
      let timer: NodeJS.Timeout | undefined;
      const done = (error?: Error) => {
        clearTimeout(timer);
        this.#onBroken = undefined;
        if (error) reject(error);
        else resolve();
      };
      if (timeout > 0) timer = setTimeout(() => done(new Error('i/o timeout')), timeout);
      this.#onBroken = () => done(this.#broken);
      begin(done);
    });
  }

  /** What was written still goes out, unless the server does not take it. */
  close(): void {
    if (this.#onBroken) this.#socket.destroy();
    else this.#socket.destroySoon();
  }
}

function dial(address: StreamAddress, tls: TlsFiles | undefined): Socket {
  if (address.protocol === 'unix') return connectTcp({ path: address.path });
  const { host, port } = address;
  if (address.protocol === 'tcp') return connectTcp({ host, port });
  const options: ConnectionOptions = { host, port, rejectUnauthorized: tls?.skipVerify !== true };
  if (!/^[\d.]+$|:/.test(host)) options.servername = host;
  if (tls?.ca) options.ca = readFileSync(tls.ca);
  if (tls?.cert) options.cert = readFileSync(tls.cert);
  if (tls?.key) options.key = readFileSync(tls.key);
  return connectTls(options);
}

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'connect: connection refused',
  ENOENT: 'connect: no such file or directory',
  EACCES: 'connect: permission denied',
  EHOSTUNREACH: 'connect: no route to host',
  ENETUNREACH: 'connect: network is unreachable',
  ETIMEDOUT: 'i/o timeout',
  ENOTFOUND: 'no such host',
};

/** Why a connection failed, in Go's words where people know them. */
function reasonOf(error: Error): string {
  return REASONS[errnoOf(error) ?? ''] ?? error.message;
}

/** `dial tcp HOST:PORT`, as Go's errors begin. */
export function describeAddress(address: LogAddress): string {
  if ('path' in address) return `dial ${address.protocol} ${address.path}`;
  const host = address.host.includes(':') ? `[${address.host}]` : address.host;
  return `dial ${address.protocol === 'tls' ? 'tcp+tls' : address.protocol} ${host}:${address.port}`;
}
