import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { BerthError } from '@berth/kit';

/** RFC 6455, section 1.3. */
const HANDSHAKE_SALT = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
/** Payload of one message frame of a client; what people type is far smaller. */
const FRAME_MAX = 1024 * 1024;
const OPCODE = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;
const CLOSE = { normal: 1000, protocolError: 1002, tooBig: 1009 } as const;

/** Refuses what is no websocket handshake. Errors: invalid. */
export function checkWebsocket(headers: IncomingHttpHeaders): void {
  const asked = headers.upgrade?.toLowerCase() === 'websocket' && headers['sec-websocket-key'] !== undefined;
  if (!asked)
    throw new BerthError('invalid', 'not a websocket handshake: the Upgrade or Sec-WebSocket-Key header is missing');
  if (headers['sec-websocket-version'] !== '13')
    throw new BerthError('invalid', 'unsupported websocket version: it must be 13');
}

/** Answers the handshake; the result reads the payload of messages and writes binary messages. */
export function acceptWebsocket(
  socket: Socket,
  headers: IncomingHttpHeaders,
  extra: Readonly<Record<string, string>>,
): Duplex {
  const accept = createHash('sha1')
    .update(`${headers['sec-websocket-key'] ?? ''}${HANDSHAKE_SALT}`)
    .digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
    ...Object.entries(extra).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return new WebsocketStream(socket);
}

interface Frame {
  opcode: number;
  payload: Buffer;
  /** Bytes of the whole frame. */
  size: number;
}

class WebsocketStream extends Duplex {
  readonly #socket: Socket;
  #pending: Buffer = Buffer.alloc(0);
  #closeSent = false;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true });
    this.#socket = socket;
    socket.on('data', (chunk: Buffer) => this.#take(chunk));
    socket.on('end', () => this.push(null));
    socket.on('error', (error) => this.destroy(error));
    socket.on('close', () => this.destroy());
  }

  override _read(): void {
    this.#socket.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#socket.cork();
    this.#socket.write(frameHead(OPCODE.binary, chunk.length));
    this.#socket.write(chunk, done);
    this.#socket.uncork();
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#sendClose(CLOSE.normal);
    this.#socket.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }

  #take(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
    for (;;) {
      const frame = readFrame(this.#pending);
      if (frame === undefined) return;
      if (typeof frame === 'number') {
        this.#sendClose(frame);
        this.#socket.end();
        this.push(null);
        return;
      }
      this.#pending = this.#pending.subarray(frame.size);
      this.#handle(frame);
    }
  }

  #handle({ opcode, payload }: Frame): void {
    if (opcode === OPCODE.close) {
      this.#sendClose(CLOSE.normal);
      this.push(null);
    } else if (opcode === OPCODE.ping) {
      this.#socket.write(Buffer.concat([frameHead(OPCODE.pong, payload.length), payload]));
    } else if (opcode !== OPCODE.pong && payload.length > 0 && !this.readableEnded && !this.push(payload)) {
      this.#socket.pause();
    }
  }

  #sendClose(code: number): void {
    if (this.#closeSent || this.#socket.writableEnded) return;
    this.#closeSent = true;
    this.#socket.write(Buffer.concat([frameHead(OPCODE.close, 2), Buffer.from([code >> 8, code & 0xff])]));
  }
}

/** The first frame of `bytes`, unmasked; undefined when more bytes are needed, a close code when it is not allowed. */
function readFrame(bytes: Buffer): Frame | number | undefined {
  if (bytes.length < 2) return undefined;
  const masked = (bytes[1]! & 0x80) !== 0;
  if (!masked || (bytes[0]! & 0x70) !== 0) return CLOSE.protocolError;
  const short = bytes[1]! & 0x7f;
  const head = short === 126 ? 4 : short === 127 ? 10 : 2;
  if (bytes.length < head + 4) return undefined;
  const length = short === 126 ? bytes.readUInt16BE(2) : short === 127 ? Number(bytes.readBigUInt64BE(2)) : short;
  if (length > FRAME_MAX) return CLOSE.tooBig;
  const size = head + 4 + length;
  if (bytes.length < size) return undefined;
  const mask = bytes.subarray(head, head + 4);
  const payload = Buffer.from(bytes.subarray(head + 4, size));
  for (let index = 0; index < payload.length; index++) payload[index]! ^= mask[index & 3]!;
  return { opcode: bytes[0]! & 0x0f, payload, size };
}

function frameHead(opcode: number, length: number): Buffer {
  if (length < 126) return Buffer.from([0x80 | opcode, length]);
  const head = Buffer.alloc(length < 65536 ? 4 : 10);
  head[0] = 0x80 | opcode;
  if (length < 65536) {
    head[1] = 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return head;
}
