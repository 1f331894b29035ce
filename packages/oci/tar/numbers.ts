import { BerthError } from '@berth/kit';

/**
 * Reads a numeric header field: octal text, or base-256 where the first bit is set (GNU). Errors: invalid, also for
 * numbers that JavaScript cannot hold.
 */
export function readNumber(block: Buffer, start: number, length: number): number {
  const first = block[start]!;
  if (first & 0x80) return readBase256(block, start, length);
  let at = start;
  const end = start + length;
  while (at < end && (block[at] === 0x20 || block[at] === 0)) at++;
  let value = 0;
  for (; at < end; at++) {
    const byte = block[at]!;
    if (byte === 0x20 || byte === 0) break;
    if (byte < 0x30 || byte > 0x37) throw bad();
    value = value * 8 + (byte - 0x30);
  }
  return value;
}

function readBase256(block: Buffer, start: number, length: number): number {
  const negative = (block[start]! & 0x40) !== 0;
  let value = BigInt(block[start]! & 0x3f) - (negative ? 0x40n : 0n);
  for (let at = start + 1; at < start + length; at++) value = value * 256n + BigInt(block[at]!);
  if (value > BigInt(Number.MAX_SAFE_INTEGER) || value < BigInt(Number.MIN_SAFE_INTEGER)) throw bad();
  return Number(value);
}

/** Writes octal text into a block of zeros, which are its end mark, or base-256 where it does not fit. */
export function writeNumber(block: Buffer, start: number, length: number, value: number): void {
  if (value >= 0 && value < 8 ** (length - 1)) {
    let rest = value;
    for (let at = start + length - 2; at >= start; at--) {
      block[at] = 0x30 + (rest % 8);
      rest = Math.floor(rest / 8);
    }
    return;
  }
  let rest = BigInt.asUintN(8 * length, BigInt(value));
  for (let at = start + length - 1; at >= start; at--) {
    block[at] = Number(rest & 0xffn);
    rest >>= 8n;
  }
  block[start] = block[start]! | 0x80;
}

/** Sum of the header's bytes with its own field taken as spaces. */
export function checksum(block: Buffer): number {
  let sum = 8 * 0x20;
  for (let at = 0; at < 148; at++) sum += block[at]!;
  for (let at = 156; at < 512; at++) sum += block[at]!;
  return sum;
}

function bad(): BerthError {
  return new BerthError('invalid', 'invalid tar header: a number cannot be read');
}
