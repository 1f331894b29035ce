import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { BerthError } from '@berth/kit';

/** Messages of agents are below 256 KiB (OpenSSH's own bound). */
const FRAME_MAX = 256 * 1024;
const HEAD = 8;
/** Connections of one agent at a time. */
const CONNECTIONS_MAX = 64;

/**
 * An SSH agent that is at the client. Connections to sockets here go through one connection to the client, in frames:
 * number of the connection and length (32 bits, big endian), bytes; a frame without bytes ends it. The client opens a
 * connection to its agent for each number that is new to it.
 */
export class AgentLink {
  readonly #client: Duplex;
  readonly #open = new Map<number, Socket>();
  readonly #servers = new Set<Server>();
  #last = 0;
  #rest: Buffer = Buffer.alloc(0);
  #gone = false;

  constructor(client: Duplex) {
    this.#client = client;
    client.on('data', (chunk: Buffer) => this.#take(chunk));
    const over = () => this.close();
    client.on('end', over).on('close', over).on('error', over);
  }

  /** Listens at `path`; ends with the returned function. Errors: unavailable when the client has gone. */
  async listen(path: string): Promise<() => Promise<void>> {
    if (this.#gone) throw new BerthError('unavailable', 'the client that has the SSH agent went away');
    const server = createServer((socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    this.#servers.add(server);
    return async () => {
      this.#servers.delete(server);
      await new Promise<void>((resolve) => server.close(() => resolve()));
    };
  }

  close(): void {
    if (this.#gone) return;
    this.#gone = true;
    for (const server of this.#servers) server.close();
    for (const socket of this.#open.values()) socket.destroy();
    this.#open.clear();
    this.#client.destroy();
  }

  #accept(socket: Socket): void {
    if (this.#gone || this.#open.size >= CONNECTIONS_MAX) {
      socket.destroy();
      return;
    }
    const number = ++this.#last;
    this.#open.set(number, socket);
    socket.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += FRAME_MAX) this.#send(number, data.subarray(at, at + FRAME_MAX));
      if (!this.#client.writableNeedDrain) return;
      socket.pause();
      this.#client.once('drain', () => socket.resume());
    });
    socket.on('error', () => undefined);
    socket.once('close', () => {
      if (this.#open.delete(number)) this.#send(number, Buffer.alloc(0));
    });
  }

  #send(number: number, data: Buffer): void {
    if (this.#gone) return;
    const head = Buffer.alloc(HEAD);
    head.writeUInt32BE(number, 0);
    head.writeUInt32BE(data.length, 4);
    this.#client.write(Buffer.concat([head, data]));
  }

  #take(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    while (this.#rest.length >= HEAD) {
      const [number, length] = [this.#rest.readUInt32BE(0), this.#rest.readUInt32BE(4)];
      if (length > FRAME_MAX) {
        this.close();
        return;
      }
      if (this.#rest.length < HEAD + length) return;
      const data = Buffer.from(this.#rest.subarray(HEAD, HEAD + length));
      this.#rest = this.#rest.subarray(HEAD + length);
      const socket = this.#open.get(number);
      if (length === 0) {
        this.#open.delete(number);
        socket?.end();
      } else socket?.write(data);
    }
  }
}
