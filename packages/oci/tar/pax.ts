import { BerthError } from '@berth/kit';

/** One record of a pax extended header. Values are bytes: xattrs and non-UTF-8 names stand in them as they are. */
export interface PaxRecord {
  key: string;
  value: Buffer;
}

/** Reads `LENGTH KEY=VALUE\n` records in order. Errors: invalid. */
export function parsePax(body: Buffer): PaxRecord[] {
  const records: PaxRecord[] = [];
  let at = 0;
  while (at < body.length) {
    const space = body.indexOf(0x20, at);
    const digits = space < 0 || space - at > 8 ? '' : body.toString('latin1', at, space);
    const length = /^[1-9][0-9]*$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = body.indexOf(0x3d, space);
    if (length === 0 || end > body.length || equals < 0 || equals >= end || body[end - 1] !== 0x0a) {
      // Some writers pad the header with NULs.
      if (body[at] === 0 && records.length > 0) break;
      throw new BerthError('invalid', 'invalid tar header: broken pax record');
    }
    records.push({ key: body.toString('utf8', space + 1, equals), value: body.subarray(equals + 1, end - 1) });
    at = end;
  }
  return records;
}

/** A record in its wire form. */
export function encodePax({ key, value }: PaxRecord): Buffer {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from('\n')]);
  let length = rest.length + 1;
  // The length counts its own digits.
  while (length !== rest.length + String(length).length) length = rest.length + String(length).length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}

/** Decimal seconds with fraction, such as `1700000000.123456789`, in nanoseconds. Errors: invalid. */
export function parsePaxTime(text: string): bigint {
  const match = /^(-?)([0-9]{1,18})(?:\.([0-9]*))?$/.exec(text);
  if (match === null) throw new BerthError('invalid', 'invalid tar header: broken pax time');
  const nanos = BigInt(match[2]!) * 1_000_000_000n + BigInt((match[3] ?? '').padEnd(9, '0').slice(0, 9));
  return match[1] === '-' ? -nanos : nanos;
}

/** The same the other way. */
export function formatPaxTime(nanos: bigint): string {
  const sign = nanos < 0n ? '-' : '';
  const size = nanos < 0n ? -nanos : nanos;
  const fraction = String(size % 1_000_000_000n)
    .padStart(9, '0')
    .replace(/0+$/, '');
  return `${sign}${size / 1_000_000_000n}${fraction === '' ? '' : `.${fraction}`}`;
}

/** A non-negative decimal number. Errors: invalid. */
export function parsePaxNumber(value: Buffer): number {
  const text = value.toString('latin1', 0, 32);
  const number = Number(text);
  if (!/^[0-9]{1,16}$/.test(text) || value.length > 32 || !Number.isSafeInteger(number)) {
    throw new BerthError('invalid', 'invalid tar header: broken pax number');
  }
  return number;
}
