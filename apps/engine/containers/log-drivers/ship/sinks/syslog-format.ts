import type { SyslogOptions } from '../../remote-options.ts';
import { type Message, millisecondsOf } from '../message.ts';
import type { Sender } from '../protocol.ts';

const NEWLINE = Buffer.from('\n');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const INFORMATIONAL = 6;
const ERROR = 3;

/**
 * One syslog message, with the newline that ends it. `framed`: with its length before it (RFC 5425), which servers
 * expect of RFC 5424 over TLS. stderr has severity err, stdout info. Times are those of the lines.
 */
export function syslogMessage(
  message: Message,
  { format, facility }: Pick<SyslogOptions, 'format' | 'facility'>,
  { tag, hostname, pid }: Pick<Sender, 'tag' | 'hostname' | 'pid'>,
  framed: boolean,
): Buffer {
  const priority = facility * 8 + (message.stderr ? ERROR : INFORMATIONAL);
  const date = new Date(millisecondsOf(message));
  const header = {
    unix: () => `<${priority}>${stamp(date)} ${tag}[${pid}]: `,
    rfc3164: () => `<${priority}>${stamp(date)} ${hostname} ${tag}[${pid}]: `,
    rfc5424: () => `<${priority}>1 ${rfc3339(date, '')} ${hostname} ${tag} ${pid} ${tag} - `,
    rfc5424micro: () => `<${priority}>1 ${rfc3339(date, micro(message))} ${hostname} ${tag} ${pid} ${tag} - `,
  }[format]();
  const bytes = Buffer.concat([Buffer.from(header), message.line, NEWLINE]);
  return framed ? Buffer.concat([Buffer.from(`${bytes.length} `), bytes]) : bytes;
}

/** `Jan  2 15:04:05`, local time. */
function stamp(date: Date): string {
  return `${MONTHS[date.getMonth()]} ${String(date.getDate()).padStart(2)} ${clock(date)}`;
}

/** Local time with its offset from UTC. */
function rfc3339(date: Date, fraction: string): string {
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const offset = -date.getTimezoneOffset();
  const minutes = Math.abs(offset);
  const zone = offset === 0 ? 'Z' : `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
  return `${day}T${clock(date)}${fraction}${zone}`;
}

/** Microseconds without zeros at the end, as Go writes them. */
function micro({ nanoseconds }: Message): string {
  const digits = String(Math.floor(nanoseconds / 1000))
    .padStart(6, '0')
    .replace(/0+$/, '');
  return digits === '' ? '' : `.${digits}`;
}

function clock(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function two(number: number): string {
  return String(number).padStart(2, '0');
}
