import { BerthError } from '@berth/kit';
import { toRegExp } from './attributes.ts';
import { fileLimits } from './file-options.ts';
import { parseRemoteOptions } from './remote-options.ts';
import { parseTag } from './tag.ts';
import { goBoolean, memorySize } from './values.ts';

/** A driver and its options, as `HostConfig.LogConfig` has them. */
export interface LogConfig {
  Type: string;
  Config: Record<string, string>;
}

/** What `info` lists; `none` is no driver there, as with Docker. */
export const LOG_DRIVERS = ['fluentd', 'gelf', 'journald', 'json-file', 'local', 'syslog'];
/** Docker's drivers for services that this engine does not speak to. */
const FOREIGN_DRIVERS = ['awslogs', 'gcplogs', 'splunk', 'etwlogs', 'logentries'];

/** What goes before lines, or into the fields of a message; every driver but `none` takes these. */
const ATTRIBUTES = ['labels', 'labels-regex', 'env', 'env-regex', 'tag'];
const FILES = ['max-size', 'max-file', 'compress'];
const DELIVERY = ['mode', 'max-buffer-size'];
const CACHE = ['cache-disabled', ...[...FILES, ...ATTRIBUTES].map((name) => `cache-${name}`)];

const OPTIONS: Record<string, readonly string[]> = {
  'json-file': FILES,
  local: FILES,
  journald: [],
  syslog: [
    ...[
      'syslog-address',
      'syslog-facility',
      'syslog-format',
      'syslog-tls-ca-cert',
      'syslog-tls-cert',
      'syslog-tls-key',
    ],
    'syslog-tls-skip-verify',
  ],
  gelf: [
    ...['gelf-address', 'gelf-compression-type', 'gelf-compression-level', 'gelf-tcp-max-reconnect'],
    'gelf-tcp-reconnect-delay',
  ],
  fluentd: [
    ...['fluentd-address', 'fluentd-async', 'fluentd-async-connect', 'fluentd-async-reconnect-interval'],
    ...['fluentd-buffer-limit', 'fluentd-retry-wait', 'fluentd-max-retries', 'fluentd-sub-second-precision'],
    ...['fluentd-request-ack', 'fluentd-write-timeout', 'fluentd-read-timeout'],
  ],
};

/** Whether what a container writes goes to a server; what is on disk is then only kept for `logs`. */
export function isRemote(driver: string): boolean {
  return ['fluentd', 'gelf', 'journald', 'syslog'].includes(driver);
}

/** Whether there is anything to read: of remote drivers the copy on disk, unless that was not wanted. */
export function isReadable({ Type, Config }: LogConfig): boolean {
  return Type !== 'none' && !(isRemote(Type) && goBoolean(Config['cache-disabled'] ?? ''));
}

/** Adds what the engine was told to use where nothing is said: the driver, and its options where it is the same driver. */
export function withDefaults(wish: LogConfig, defaults: LogConfig): LogConfig {
  const Type = wish.Type || defaults.Type;
  const added = Object.entries(defaults.Config).filter(([name]) => Type === defaults.Type || CACHE.includes(name));
  return { Type, Config: { ...(Type === 'none' ? {} : Object.fromEntries(added)), ...wish.Config } };
}

/** Checks a driver's name and its options. Errors: invalid with Docker's sentences; not-supported. */
export function checkLogging({ Type, Config }: LogConfig): void {
  if (FOREIGN_DRIVERS.includes(Type)) {
    throw new BerthError(
      'not-supported',
      `log driver "${Type}" is not supported by Berth: it does not speak to that service`,
      {
        hint: `Use one of ${LOG_DRIVERS.join(', ')} or none. Collectors such as Fluentd pass logs on to it.`,
      },
    );
  }
  checkDelivery(Type, Config);
  const own = Object.hasOwn(OPTIONS, Type) ? OPTIONS[Type] : undefined;
  if (Type !== 'none' && !own) throw invalid(`logger: no log driver named '${Type}' is registered`);
  for (const name of Object.keys(Config)) {
    if (own && (own.includes(name) || [...ATTRIBUTES, ...DELIVERY, ...CACHE].includes(name))) continue;
    throw invalid(unknown(Type, name));
  }
  checkCache(Config);
  if (Type === 'none') return;
  fileLimits({ Type, Config });
  checkAttributes(Config, '');
  checkAttributes(Config, 'cache-');
  parseRemoteOptions(Type, Config);
}

/** Docker's drivers word it differently. */
function unknown(driver: string, name: string): string {
  if (driver === 'gelf') return `unknown log opt "${name}" for gelf log driver`;
  if (driver === 'local') return `unknown log opt '${name}' for log driver local`;
  return `unknown log opt '${name}' for ${driver} log driver`;
}

function checkDelivery(driver: string, config: Record<string, string>): void {
  if (driver === 'none') return;
  const mode = config['mode'] ?? '';
  if (!['', 'blocking', 'non-blocking'].includes(mode)) throw invalid(`logger: logging mode not supported: ${mode}`);
  const size = config['max-buffer-size'];
  if (size === undefined) return;
  if (mode !== 'non-blocking')
    throw invalid("logger: max-buffer-size option is only supported with 'mode=non-blocking'");
  if (memorySize(size) === undefined) throw invalid(`error parsing option max-buffer-size: invalid size: '${size}'`);
}

function checkCache(config: Record<string, string>): void {
  const disabled = config['cache-disabled'];
  if (disabled && goBoolean(disabled) === undefined)
    throw invalid(`invalid value for option cache-disabled: ${disabled}`);
}

function checkAttributes(config: Record<string, string>, prefix: string): void {
  for (const name of ['labels-regex', 'env-regex']) {
    const text = config[prefix + name];
    try {
      if (text) toRegExp(text);
    } catch (cause) {
      throw new BerthError('invalid', `invalid value for log opt '${prefix}${name}': error parsing regexp: ${text}`, {
        cause,
      });
    }
  }
  const tag = config[`${prefix}tag`];
  if (tag) parseTag(tag);
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
