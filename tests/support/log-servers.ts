import { type ChildProcess, spawn } from 'node:child_process';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import { gunzipSync, inflateSync } from 'node:zlib';

/** A log server of a test: it keeps what it was sent. */
export interface LogServer {
  /** Without `PROTOCOL://`. */
  address: string;
  port: number;
  /** Datagrams, or for streams whatever came in one read. */
  packets: Buffer[];
  /** All of it. */
  bytes(): Buffer;
  close(): Promise<void>;
}

export async function udpServer(): Promise<LogServer> {
  const socket = dgram.createSocket('udp4');
  const packets: Buffer[] = [];
  socket.on('message', (packet) => packets.push(packet));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const { port } = socket.address();
  return server(packets, port, () => new Promise((done) => socket.close(() => done())));
}

export interface StreamServer extends LogServer {
  /** Stops and goes on reading, of present and later connections. */
  pause(): void;
  resume(): void;
  /** How many clients have come so far. */
  connections(): number;
  /** Breaks all connections off. */
  hangUp(): void;
}

/** On TCP, with TLS, or on a unix socket. `answer`: what is said to each piece that comes. */
export async function streamServer(
  options: { port?: number; path?: string; tls?: tls.TlsOptions; answer?: (bytes: Buffer) => Buffer | undefined } = {},
): Promise<StreamServer> {
  const packets: Buffer[] = [];
  const sockets = new Set<net.Socket>();
  let paused = false;
  let count = 0;
  const onSocket = (socket: net.Socket) => {
    sockets.add(socket);
    count++;
    if (paused) socket.pause();
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      packets.push(chunk);
      const said = options.answer?.(chunk);
      if (said) socket.write(said);
    });
    if (paused) socket.pause();
  };
  const listener = options.tls ? tls.createServer(options.tls, onSocket) : net.createServer(onSocket);
  if (options.path) listener.listen(options.path);
  else listener.listen(options.port ?? 0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const hangUp = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    ...server(packets, port, () => {
      hangUp();
      return new Promise((done) => listener.close(() => done()));
    }),
    pause() {
      paused = true;
      for (const socket of sockets) socket.pause();
    },
    resume() {
      paused = false;
      for (const socket of sockets) socket.resume();
    },
    connections: () => count,
    hangUp,
  };
}

function server(packets: Buffer[], port: number, close: () => Promise<void>): LogServer {
  return { address: `127.0.0.1:${port}`, port, packets, bytes: () => Buffer.concat(packets), close };
}

/** Listens on a unix datagram socket, which Node cannot: a small Python program passes on what comes. */
export async function datagramServer(path: string): Promise<Pick<LogServer, 'packets' | 'close'>> {
  const program = `
import base64, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print("ready", flush=True)
while True: print(base64.b64encode(s.recv(1 << 20)).decode(), flush=True)`;
  const child: ChildProcess = spawn('python3', ['-c', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const packets: Buffer[] = [];
  let text = '';
  const ready = Promise.withResolvers<void>();
  child.stdout?.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    const lines = text.split('\n');
    text = lines.pop() ?? '';
    for (const line of lines) {
      if (line === 'ready') ready.resolve();
      else packets.push(Buffer.from(line, 'base64'));
    }
  });
  child.once('exit', () => ready.reject(new Error(`cannot listen on ${path}`)));
  await ready.promise;
  return {
    packets,
    async close() {
      child.kill('SIGKILL');
      await once(child, 'close');
      rmSync(path, { force: true });
    },
  };
}

/** The GELF messages in these datagrams, chunks put together. */
export function gelfMessages(packets: readonly Buffer[]): Record<string, unknown>[] {
  const chunked = new Map<string, Buffer[]>();
  return packets.flatMap((packet) => {
    if (packet.readUInt16BE(0) !== 0x1e0f) return [gelfMessage(packet)];
    const id = packet.toString('hex', 2, 10);
    const [index, count] = [packet[10]!, packet[11]!];
    const chunks = chunked.get(id) ?? [];
    chunked.set(id, chunks);
    chunks[index] = packet.subarray(12);
    return Object.keys(chunks).length === count ? [gelfMessage(Buffer.concat(chunks))] : [];
  });
}

function gelfMessage(packet: Buffer): Record<string, unknown> {
  const plain = packet[0] === 0x1f ? gunzipSync(packet) : packet[0] === 0x78 ? inflateSync(packet) : packet;
  return JSON.parse(plain.toString()) as Record<string, unknown>;
}

/** Reads MessagePack values as they are in these bytes; strings are latin1, extensions `[type, bytes]`. */
export function unpackAll(bytes: Buffer): unknown[] {
  const values: unknown[] = [];
  let at = 0;
  const take = (length: number) => {
    if (at + length > bytes.length) throw new RangeError('the value goes on');
    at += length;
    return bytes.subarray(at - length, at);
  };
  const many = (count: number) => Array.from({ length: count }, () => value());
  const map = (count: number) => Object.fromEntries(Array.from({ length: count }, () => [value(), value()]));
  const value = (): unknown => {
    const type = take(1)[0]!;
    if (type < 0x80) return type;
    if (type < 0x90) return map(type & 15);
    if (type < 0xa0) return many(type & 15);
    if (type < 0xc0) return take(type & 31).toString('latin1');
    if (type === 0xcf) return Number(take(8).readBigUInt64BE());
    if (type === 0xd7) return [take(1)[0], take(8)];
    if (type === 0xd9) return take(take(1)[0]!).toString('latin1');
    if (type === 0xda) return take(take(2).readUInt16BE()).toString('latin1');
    if (type === 0xdb) return take(take(4).readUInt32BE()).toString('latin1');
    if (type === 0xdc) return many(take(2).readUInt16BE());
    if (type === 0xde) return map(take(2).readUInt16BE());
    throw new Error(`unknown MessagePack type ${type.toString(16)}`);
  };
  for (let begin = 0; at < bytes.length; begin = at) {
    try {
      values.push(value());
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      at = begin;
      break;
    }
  }
  return values;
}
