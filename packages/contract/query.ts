/** A boolean of a query string as Docker reads it: everything is true except '', 0, no, false and none. */
export function parseBoolean(text: string | null | undefined): boolean {
  const value = (text ?? '').trim().toLowerCase();
  return !(value === '' || value === '0' || value === 'no' || value === 'false' || value === 'none');
}

/** A decimal integer, or undefined when it is none or cannot be told exactly. */
export function parseInteger(text: string): number | undefined {
  if (!/^[+-]?[0-9]{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/**
 * A moment as clients send it (`1700000000`, `1700000000.000000005`, RFC 3339) in nanoseconds since the epoch;
 * undefined when it is none.
 */
export function parseTimestamp(text: string): bigint | undefined {
  const unix = /^(-?)([0-9]{1,12})(?:\.([0-9]{1,9}))?$/.exec(text);
  if (unix !== null) {
    const nanoseconds = BigInt(unix[2]!) * 1_000_000_000n + BigInt((unix[3] ?? '').padEnd(9, '0'));
    return unix[1] === '-' ? -nanoseconds : nanoseconds;
  }
  const rfc3339 = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (rfc3339 === null) return undefined;
  const milliseconds = Date.parse(`${rfc3339[1]}${rfc3339[3]}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return BigInt(milliseconds) * 1_000_000n + BigInt((rfc3339[2] ?? '').padEnd(9, '0'));
}
