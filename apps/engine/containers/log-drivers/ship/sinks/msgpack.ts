/** MessagePack, as far as Fluentd's forward protocol needs it. Strings may be any bytes, as log lines are. */
export type Packable = string | number | Buffer | EventTime | Packable[] | Map<string, Packable>;

/** Fluentd's time with nanoseconds (extension type 0). */
export class EventTime {
  readonly seconds: number;
  readonly nanoseconds: number;

  constructor(seconds: number, nanoseconds: number) {
    this.seconds = seconds;
    this.nanoseconds = nanoseconds;
  }
}

export function pack(value: Packable): Buffer {
  const chunks: Buffer[] = [];
  append(value, chunks);
  return Buffer.concat(chunks);
}

function append(value: Packable, chunks: Buffer[]): void {
  if (typeof value === 'string') append(Buffer.from(value), chunks);
  else if (Buffer.isBuffer(value)) chunks.push(stringHeader(value.length), value);
  else if (typeof value === 'number') chunks.push(unsigned(value));
  else if (value instanceof EventTime) {
    const bytes = Buffer.alloc(10);
    bytes.writeUInt16BE(0xd700, 0);
    bytes.writeUInt32BE(value.seconds, 2);
    bytes.writeUInt32BE(value.nanoseconds, 6);
    chunks.push(bytes);
  } else if (Array.isArray(value)) {
    chunks.push(header(0x90, 0xdc, value.length));
    for (const item of value) append(item, chunks);
  } else {
    chunks.push(header(0x80, 0xde, value.size));
    for (const [key, item] of value) {
      append(key, chunks);
      append(item, chunks);
    }
  }
}

/** Of arrays and maps of up to 65535 members. */
function header(small: number, large: number, count: number): Buffer {
  return count < 16 ? Buffer.from([small | count]) : Buffer.from([large, count >> 8, count & 0xff]);
}

function stringHeader(length: number): Buffer {
  if (length < 32) return Buffer.from([0xa0 | length]);
  if (length < 0x100) return Buffer.from([0xd9, length]);
  if (length < 0x10000) return Buffer.from([0xda, length >> 8, length & 0xff]);
  const bytes = Buffer.alloc(5);
  bytes[0] = 0xdb;
  bytes.writeUInt32BE(length, 1);
  return bytes;
}

function unsigned(value: number): Buffer {
  if (value < 0x80) return Buffer.from([value]);
  const bytes = Buffer.alloc(9);
  bytes[0] = 0xcf;
  bytes.writeBigUInt64BE(BigInt(value), 1);
  return bytes;
}

/** The acknowledged ids in what a server sent (`{"ack": ID}` each), and what is left of the bytes. */
export function readAcks(bytes: Buffer): { acks: string[]; rest: Buffer } {
  const acks: string[] = [];
  let at = 0;
  for (;;) {
    // fixmap of one, fixstr "ack", then a string of up to 255 bytes.
    if (bytes.length - at < 6) break;
    if (bytes[at] !== 0x81 || bytes.toString('latin1', at + 1, at + 5) !== '\xa3ack')
      throw new Error('the log server sent something else than an acknowledgement');
    const type = bytes[at + 5]!;
    const isShort = (type & 0xe0) === 0xa0;
    if (!isShort && type !== 0xd9) throw new Error('the log server sent an acknowledgement without an id');
    if (!isShort && bytes.length - at < 7) break;
    const from = at + (isShort ? 6 : 7);
    const to = from + (isShort ? type & 0x1f : bytes[at + 6]!);
    if (bytes.length < to) break;
    acks.push(bytes.toString('latin1', from, to));
    at = to;
  }
  return { acks, rest: bytes.subarray(at) };
}
