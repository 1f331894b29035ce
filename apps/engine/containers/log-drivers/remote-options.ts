import { statSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import { type HostAddress, type LogAddress, parseLogAddress } from './address.ts';
import { goBoolean, goDuration, memorySize } from './values.ts';

type Options = Record<string, string>;

/** What a remote driver is told, taken apart and checked. Plain data: it goes to the thread that ships logs. */
export type RemoteOptions = SyslogOptions | GelfOptions | FluentdOptions | { driver: 'journald' };

export interface SyslogOptions {
  driver: 'syslog';
  /** Undefined: the syslog socket of the host. */
  address: LogAddress | undefined;
  /** 0 to 23. */
  facility: number;
  format: 'unix' | 'rfc3164' | 'rfc5424' | 'rfc5424micro';
  tls: { ca: string | undefined; cert: string | undefined; key: string | undefined; skipVerify: boolean };
}

export interface GelfOptions {
  driver: 'gelf';
  address: HostAddress<'udp'> | HostAddress<'tcp'>;
  compression: 'gzip' | 'zlib' | 'none';
  /** -1 (zlib's default) to 9. */
  level: number;
  /** Attempts to reach the server again before lines are dropped, and the seconds between them; undefined: for ever. */
  maxReconnect: number | undefined;
  reconnectDelay: number | undefined;
}

export interface FluentdOptions {
  driver: 'fluentd';
  address: Exclude<LogAddress, { protocol: 'udp' | 'unixgram' }>;
  /** The server need not be there when the container starts. */
  async: boolean;
  /** Milliseconds after which a connection is made anew; 0: never. */
  reconnectInterval: number;
  /** Events that wait at most for a server that is away, with `async`. */
  bufferLimit: number;
  /** Milliseconds. */
  retryWait: number;
  maxRetries: number;
  subSecondPrecision: boolean;
  requestAck: boolean;
  /** Milliseconds; 0: none. */
  writeTimeout: number;
  readTimeout: number;
}

export function parseRemoteOptions(driver: string, options: Options): RemoteOptions | undefined {
  switch (driver) {
    case 'syslog':
      return syslogOptions(options);
    case 'gelf':
      return gelfOptions(options);
    case 'fluentd':
      return fluentdOptions(options);
    case 'journald':
      return { driver };
    default:
      return undefined;
  }
}

/** In the order of their numbers; 12 to 15 have numbers only. */
const FACILITIES = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp'],
  ...['', '', '', ''],
  ...['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];

function syslogOptions(options: Options): SyslogOptions {
  const format = options['syslog-format'] || 'unix';
  if (!isSyslogFormat(format) || options['syslog-format'] === 'unix') throw invalid('Invalid syslog format');
  return {
    driver: 'syslog',
    address: syslogAddress(options['syslog-address'] ?? ''),
    facility: facilityNumber(options['syslog-facility'] ?? ''),
    format,
    tls: {
      ca: options['syslog-tls-ca-cert'],
      cert: options['syslog-tls-cert'],
      key: options['syslog-tls-key'],
      // Whatever its value, as with Docker.
      skipVerify: options['syslog-tls-skip-verify'] !== undefined,
    },
  };
}

function isSyslogFormat(format: string): format is SyslogOptions['format'] {
  return ['unix', 'rfc3164', 'rfc5424', 'rfc5424micro'].includes(format);
}

function syslogAddress(text: string): LogAddress | undefined {
  if (text === '') return undefined;
  const address = parseLogAddress(text, { option: 'syslog-address', driver: 'syslog', defaultPort: 514 });
  if ('path' in address && !statSync(address.path, { throwIfNoEntry: false }))
    throw invalid(`stat ${address.path}: no such file or directory`);
  return address;
}

function facilityNumber(text: string): number {
  if (text === '') return FACILITIES.indexOf('daemon');
  const known = FACILITIES.indexOf(text);
  if (known >= 0) return known;
  if (!/^\+?\d{1,3}$/.test(text) || Number(text) > 23) throw invalid('invalid syslog facility');
  return Number(text);
}

function gelfOptions(options: Options): GelfOptions {
  const text = options['gelf-address'] ?? '';
  if (text === '') throw invalid('gelf-address is a required parameter');
  const address = parseLogAddress(text, { option: 'gelf-address', driver: 'gelf', defaultPort: undefined });
  if (address.protocol !== 'udp' && address.protocol !== 'tcp') throw invalid('gelf: endpoint needs to be TCP or UDP');
  const { protocol } = address;
  const compression = options['gelf-compression-type'] ?? 'gzip';
  const level = options['gelf-compression-level'];
  for (const key of ['gelf-compression-type', 'gelf-compression-level'])
    if (options[key] !== undefined && protocol !== 'udp') throw invalid('compression is only supported on UDP');
  if (compression !== 'gzip' && compression !== 'zlib' && compression !== 'none')
    throw invalid(`unknown value "${compression}" for log opt "gelf-compression-type" for gelf log driver`);
  if (level !== undefined && !/^(-1|[0-9])$/.test(level))
    throw invalid(`unknown value "${level}" for log opt "gelf-compression-level" for gelf log driver`);
  const count = (key: string): number | undefined => {
    const value = options[key];
    if (value === undefined) return undefined;
    if (protocol !== 'tcp') throw invalid(`"${key}" is only valid for TCP`);
    if (!/^\d{1,9}$/.test(value)) throw invalid(`"${key}" must be a positive integer`);
    return Number(value);
  };
  return {
    driver: 'gelf',
    address,
    compression: protocol === 'udp' ? compression : 'none',
    level: Number(level ?? 1),
    maxReconnect: count('gelf-tcp-max-reconnect'),
    reconnectDelay: count('gelf-tcp-reconnect-delay'),
  };
}

function fluentdOptions(options: Options): FluentdOptions {
  const value = <T>(key: string, read: (text: string) => T | undefined, otherwise: T): T => {
    const text = options[key] ?? '';
    const result = text === '' ? otherwise : read(text);
    if (result === undefined) throw invalid(`invalid value for ${key}: "${text}"`);
    return result;
  };
  const duration = (text: string) => {
    const milliseconds = goDuration(text);
    return milliseconds !== undefined && milliseconds >= 0 ? milliseconds : undefined;
  };
  if (options['fluentd-async'] && options['fluentd-async-connect'])
    throw invalid("conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect'");
  const interval = value('fluentd-async-reconnect-interval', goDuration, 0);
  if (interval !== 0 && (interval < 100 || interval > 10_000)) {
    const given = options['fluentd-async-reconnect-interval'];
    throw invalid(
      `invalid value for fluentd-async-reconnect-interval: value ("${given}") must be between 100ms and 10s`,
    );
  }
  return {
    driver: 'fluentd',
    address: fluentdAddress(options['fluentd-address'] ?? ''),
    async: value('fluentd-async', goBoolean, value('fluentd-async-connect', goBoolean, false)),
    reconnectInterval: interval,
    bufferLimit: value('fluentd-buffer-limit', memorySize, 1024 * 1024),
    retryWait: value('fluentd-retry-wait', duration, 1000),
    maxRetries: value(
      'fluentd-max-retries',
      (text) => (/^\d{1,10}$/.test(text) ? Number(text) : undefined),
      2 ** 31 - 1,
    ),
    subSecondPrecision: value('fluentd-sub-second-precision', goBoolean, false),
    requestAck: value('fluentd-request-ack', goBoolean, false),
    writeTimeout: value('fluentd-write-timeout', duration, 0),
    readTimeout: value('fluentd-read-timeout', duration, 0),
  };
}

function fluentdAddress(text: string): FluentdOptions['address'] {
  const option = 'fluentd-address';
  const given = text === '' ? 'tcp://127.0.0.1' : text.includes('://') ? text : `tcp://${text}`;
  const isTls = given.startsWith('tls://');
  try {
    const address = parseLogAddress(given.replace(/^tls:/, 'tcp+tls:'), {
      option,
      driver: 'fluentd',
      defaultPort: 24224,
    });
    if (address.protocol === 'unix' || address.protocol === 'tcp') return address;
    if (address.protocol === 'tls' && isTls) return address;
  } catch (cause) {
    throw new BerthError('invalid', `invalid ${option} ${text}`, { cause });
  }
  throw invalid(`invalid ${option} ${text}: unsupported scheme: "${given.slice(0, given.indexOf(':'))}"`);
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
