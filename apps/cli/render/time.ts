import { readFileSync } from 'node:fs';

/** A point in time with Go's nanoseconds kept: `fraction` is 0 to 999,999,999. */
export interface Instant {
  seconds: number;
  fraction: number;
}

/** Parses RFC 3339 with up to nine fractional digits; undefined when it is none. */
export function parseInstant(text: string): Instant | undefined {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(text);
  if (!match) return undefined;
  const ms = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(ms)) return undefined;
  return { seconds: ms / 1000, fraction: Number((match[2] ?? '').padEnd(9, '0')) };
}

/** Go's `time.Time.String()` in local time: `2026-11-20 17:05:06.5 +0100 CET`. */
export function goTimeString(at: Instant, utc = false): string {
  const local = fields(at.seconds, utc);
  const fraction = at.fraction === 0 ? '' : `.${trimZeros(at.fraction)}`;
  return `${local.date} ${local.time}${fraction} ${local.offset.replace(':', '')} ${local.zone}`;
}

/** Go's `String()` of a time parsed from RFC 3339: the zone stays the text's own. A text that is none stays as it is. */
export function goTimeText(text: string): string {
  const at = parseInstant(text);
  if (!at) return text;
  if (text.endsWith('Z')) return goTimeString(at, true);
  const local = goTimeString(at);
  const offset = text.slice(-6).replace(':', '');
  if (local.includes(` ${offset} `)) return local;
  const sign = offset.startsWith('-') ? -1 : 1;
  const shift = sign * (Number(offset.slice(1, 3)) * 3600 + Number(offset.slice(3)) * 60);
  return goTimeString({ ...at, seconds: at.seconds + shift }, true).replace('+0000 UTC', `${offset} ${offset}`);
}

/** RFC 3339 with exactly nine fractional digits in local time, as Docker prints events: `…T17:05:06.000000000+01:00`. */
export function rfc3339Nano(at: Instant): string {
  const local = fields(at.seconds, false);
  const offset = local.offset === '+00:00' ? 'Z' : local.offset;
  return `${local.date}T${local.time}.${String(at.fraction).padStart(9, '0')}${offset}`;
}

/** RFC 3339 without fraction in local time. */
export function rfc3339(at: Instant): string {
  const local = fields(at.seconds, false);
  return `${local.date}T${local.time}${local.offset === '+00:00' ? 'Z' : local.offset}`;
}

/** C's asctime, in UTC: `Thu Nov 20 17:05:06 2026`. */
export function ansiC(at: Instant): string {
  const date = new Date(at.seconds * 1000);
  const [weekday = '', day = '', month = '', year = '', time = ''] = date.toUTCString().replace(',', '').split(' ');
  return `${weekday} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
}

function trimZeros(fraction: number): string {
  return String(fraction).padStart(9, '0').replace(/0+$/, '');
}

function fields(seconds: number, utc: boolean): { date: string; time: string; offset: string; zone: string } {
  const instant = new Date(seconds * 1000);
  // Go's zero time (year 1) lies before any zone rule: always UTC.
  const minutes = utc || instant.getUTCFullYear() < 1900 ? 0 : -instant.getTimezoneOffset() || 0;
  const shifted = new Date(instant.getTime() + minutes * 60_000).toISOString();
  const absolute = Math.abs(minutes);
  const pad = (n: number) => String(n).padStart(2, '0');
  const offset = `${minutes < 0 ? '-' : '+'}${pad(Math.floor(absolute / 60))}:${pad(absolute % 60)}`;
  const [date = '', rest = ''] = shifted.split('T');
  return { date, time: rest.slice(0, 8), offset, zone: utc ? 'UTC' : zoneName(seconds, minutes * 60, offset) };
}

/** The zone's abbreviation as the system's zone file has it (Intl knows few of them); else the bare offset. */
function zoneName(seconds: number, offsetSeconds: number, offset: string): string {
  const zone = process.env.TZ?.replace(/^:/, '');
  if (zone === '' || zone === 'UTC' || (zone !== undefined && !/^[A-Za-z0-9_+/-]+$/.test(zone))) return 'UTC';
  try {
    const file = readFileSync(zone === undefined ? '/etc/localtime' : `/usr/share/zoneinfo/${zone}`);
    return abbreviation(file, seconds, offsetSeconds) ?? offset.replace(/:00$/, '').replace(':', '');
  } catch {
    // No zone file: the runtime then counts in UTC as well, unless it knows the zone from its own data.
    return offsetSeconds === 0 ? 'UTC' : offset.replace(/:00$/, '').replace(':', '');
  }
}

/** Reads the first data block of a TZif file (RFC 8536): the latest type in use at `seconds` that has this offset. */
function abbreviation(file: Buffer, seconds: number, offsetSeconds: number): string | undefined {
  if (file.toString('latin1', 0, 4) !== 'TZif') return undefined;
  const [times, types, chars] = [file.readUInt32BE(32), file.readUInt32BE(36), file.readUInt32BE(40)];
  const typeTable = 44 + times * 5;
  const names = typeTable + types * 6;
  const nameOf = (type: number) => {
    if (file.readInt32BE(typeTable + type * 6) !== offsetSeconds) return undefined;
    const start = names + file.readUInt8(typeTable + type * 6 + 5);
    return file.toString('latin1', start, Math.min(file.indexOf(0, start), names + chars));
  };
  for (let i = times - 1; i >= 0; i--) {
    if (file.readInt32BE(44 + i * 4) > seconds) continue;
    const name = nameOf(file.readUInt8(44 + times * 4 + i));
    if (name !== undefined) return name;
  }
  for (let type = 0; type < types; type++) {
    const name = nameOf(type);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** Go's `time.Duration.String()` of nanoseconds: `1h0m3.5s`, `100ms`, `0s`. */
export function goDuration(nanos: number): string {
  if (nanos === 0) return '0s';
  const sign = nanos < 0 ? '-' : '';
  const size = Math.abs(nanos);
  if (size < 1e3) return `${sign}${size}ns`;
  if (size < 1e6) return `${sign}${size / 1e3}µs`;
  if (size < 1e9) return `${sign}${size / 1e6}ms`;
  const hours = Math.floor(size / 3600e9);
  const minutes = Math.floor(size / 60e9) % 60;
  const seconds = String(Math.round(size % 60e9) / 1e9);
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}s`;
}
