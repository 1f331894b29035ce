/** The parts of Bun that the client uses; undefined under Node. */
declare const Bun: BunRuntime | undefined;

interface BunRuntime {
  stdin: { stream(): ReadableStream<Uint8Array> };
  connect(options: BunConnectOptions): Promise<BunSocket>;
}

interface BunConnectOptions {
  unix?: string;
  hostname?: string;
  port?: number;
  tls?: BunTls;
  allowHalfOpen?: boolean;
  socket: {
    open?(socket: BunSocket): void;
    data(socket: BunSocket, chunk: Uint8Array): void;
    drain(socket: BunSocket): void;
    end(socket: BunSocket): void;
    close(socket: BunSocket): void;
    error(socket: BunSocket, error: Error): void;
    connectError?(socket: BunSocket, error: Error): void;
  };
}

interface BunTls {
  ca?: string;
  cert?: string;
  key?: string;
  rejectUnauthorized?: boolean;
}

interface BunSocket {
  /** Bytes taken; fewer than given when the receiver is slow, then `drain` follows. Negative when closed. */
  write(data: Uint8Array): number;
  flush(): void;
  /** Without an argument: half-close of the writing side. */
  shutdown(): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** The source of a stream of Bun's own kind. */
interface DirectSource {
  type: 'direct';
  pull(controller: DirectController): Promise<void>;
  cancel(): Promise<void>;
}

interface DirectController {
  write(data: Uint8Array): void;
  /** Resolves when the receiver has taken what was written. */
  flush(): Promise<number> | number;
  close(): void;
}
