import { randomBytes } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import type { GelfOptions } from '../../remote-options.ts';
import { type Message, millisecondsOf } from '../message.ts';
import type { Sender } from '../protocol.ts';
import { type DatagramSender, openUdp } from './datagram.ts';
import type { Sink } from './sink.ts';
import { LogStream } from './stream.ts';

const INFORMATIONAL = 6;
const ERROR = 3;
/** Of a datagram, so that it fits the smallest usual packet. */
const CHUNK = 1420;
const CHUNK_HEADER = 12;
const MOST_CHUNKS = 128;
const END = Buffer.from([0]);

/** GELF 1.1. Errors: those of the connection. */
export async function connectGelf(options: GelfOptions, sender: Sender): Promise<Sink> {
  const encode = encoder(sender);
  const { address } = options;
  if (address.protocol === 'udp') {
    const socket = await openUdp(address);
    return {
      async send(messages) {
        for (const message of messages)
          if (message.line.length > 0) await sendChunks(socket, compress(encode(message), options));
      },
      close: () => socket.close(),
    };
  }
  const stream = await LogStream.connect(address);
  return {
    send: (messages) =>
      stream.write(
        Buffer.concat(
          messages.filter(({ line }) => line.length > 0).flatMap((message) => [Buffer.from(encode(message)), END]),
        ),
      ),
    close: () => stream.close(),
  };
}

/** A message without text is none in GELF, and is left out by the caller. */
function encoder({ hostname, tag, attributes, ...sender }: Sender): (message: Message) => string {
  const extra = {
    // Ours come last: a label of an image must not pass for the container that it is.
    ...Object.fromEntries(attributes.map(([name, value]) => [name.startsWith('_') ? name : `_${name}`, value])),
    _container_id: sender.id,
    _container_name: sender.name,
    _image_id: sender.imageId,
    _image_name: sender.imageName,
    _command: sender.command,
    _tag: tag,
    _created: new Date(sender.createdAt).toISOString(),
  };
  return (message) =>
    JSON.stringify({
      version: '1.1',
      host: hostname,
      short_message: message.line.toString('utf8'),
      timestamp: millisecondsOf(message) / 1000,
      level: message.stderr ? ERROR : INFORMATIONAL,
      ...extra,
    });
}

function compress(text: string, { compression, level }: GelfOptions): Buffer {
  if (compression === 'none') return Buffer.from(text);
  return compression === 'gzip' ? gzipSync(text, { level }) : deflateSync(text, { level });
}

async function sendChunks(socket: DatagramSender, bytes: Buffer): Promise<void> {
  if (bytes.length <= CHUNK) return socket.send(bytes);
  const size = CHUNK - CHUNK_HEADER;
  const count = Math.ceil(bytes.length / size);
  if (count > MOST_CHUNKS) return; // no server would put it together; only attributes can make it that long
  const id = randomBytes(8);
  for (let index = 0; index < count; index++) {
    const header = Buffer.concat([Buffer.from([0x1e, 0x0f]), id, Buffer.from([index, count])]);
    await socket.send(Buffer.concat([header, bytes.subarray(index * size, (index + 1) * size)]));
  }
}
