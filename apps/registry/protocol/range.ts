/** A part of a blob: offsets, both inclusive. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * What a `Range` header asks for of `size` bytes (RFC 9110, 14.2): a part, `none` when no part of it is there (416), or
 * undefined: everything, as for several parts at once or what is not understood.
 */
export function readRange(header: string | undefined, size: number): ByteRange | 'none' | undefined {
  const [, from, to] = /^bytes=\s*(\d*)\s*-\s*(\d*)\s*$/i.exec(header ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return undefined;
  if (from === '') return suffix(Number(to), size);
  const start = Number(from);
  const end = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  // RFC 9110 would have such a range ignored; the conformance suite of the specification wants 416.
  return start >= size || end < start ? 'none' : { start, end };
}

function suffix(length: number, size: number): ByteRange | 'none' {
  return length === 0 || size === 0 ? 'none' : { start: Math.max(0, size - length), end: size - 1 };
}

/**
 * `Content-Range` of an uploaded chunk: `START-END` as the distribution specification writes it, or as HTTP does.
 * undefined when it is neither.
 */
export function readChunkRange(header: string): ByteRange | undefined {
  const [, from, to] = /^(?:bytes[ =])?(\d{1,15})-(\d{1,15})(?:\/(?:\d+|\*))?$/.exec(header.trim()) ?? [];
  if (from === undefined || to === undefined || Number(to) < Number(from)) return undefined;
  return { start: Number(from), end: Number(to) };
}
