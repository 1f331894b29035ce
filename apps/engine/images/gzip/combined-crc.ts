/** CRC-32 of RFC 1952, bits reversed. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

/**
 * The CRC-32 of two pieces one after the other, from those of each and the second's length in bytes: the first goes through
 * as many zero bytes as the second has, which is a multiplication by a power of x modulo the polynomial.
 */
export function combinedCrc(first: number, second: number, length: number): number {
  return (product(powerOfX(length * 8), first) ^ second) >>> 0;
}

/** x to the power of n. */
function powerOfX(n: number): number {
  let power = ONE;
  for (let square = ONE >>> 1; n > 0; n = Math.floor(n / 2)) {
    if (n % 2 === 1) power = product(square, power);
    square = product(square, square);
  }
  return power;
}

/** Of two polynomials over single bits, modulo the polynomial; the highest bit is the one without x. */
function product(a: number, b: number): number {
  let sum = 0;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if (a & bit) sum ^= b;
    b = b & 1 ? (b >>> 1) ^ POLYNOMIAL : b >>> 1;
  }
  return sum >>> 0;
}
