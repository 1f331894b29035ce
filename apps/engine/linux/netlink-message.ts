/** Encoding and decoding of netlink attributes (linux/netlink.h): host byte order, values padded to four bytes. */

/** One attribute with a raw value. */
export function attribute(type: number, value: Buffer): Buffer {
  const length = 4 + value.length;
  const buffer = Buffer.alloc((length + 3) & ~3);
  buffer.writeUInt16LE(length, 0);
  buffer.writeUInt16LE(type, 2);
  value.copy(buffer, 4);
  return buffer;
}

/** An attribute that holds attributes. `NLA_F_NESTED` is set, as nfnetlink and newer rtnetlink families demand. */
export function nested(type: number, ...children: Buffer[]): Buffer {
  return attribute(type | NLA_F_NESTED, Buffer.concat(children));
}

/** A text attribute with its end mark. */
export function textAttribute(type: number, text: string): Buffer {
  return attribute(type, Buffer.from(`${text}\0`));
}

export function u8Attribute(type: number, value: number): Buffer {
  return attribute(type, Buffer.of(value));
}

export function u32Attribute(type: number, value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32LE(value);
  return attribute(type, buffer);
}

/** Attributes by type; of repeated ones the last. Stops at a malformed length instead of reading beyond the end. */
export function parseAttributes(buffer: Buffer, offset = 0): Map<number, Buffer> {
  const attributes = new Map<number, Buffer>();
  for (let at = offset; at + 4 <= buffer.length; ) {
    const length = buffer.readUInt16LE(at);
    if (length < 4 || at + length > buffer.length) break;
    attributes.set(buffer.readUInt16LE(at + 2) & NLA_TYPE_MASK, buffer.subarray(at + 4, at + length));
    at += (length + 3) & ~3;
  }
  return attributes;
}

/** The text of an attribute without its end mark; '' when it is missing. */
export function textOf(value: Buffer | undefined): string {
  if (!value) return '';
  const end = value.indexOf(0);
  return value.toString('utf8', 0, end < 0 ? value.length : end);
}

const NLA_F_NESTED = 0x8000;
const NLA_TYPE_MASK = 0x3fff;
