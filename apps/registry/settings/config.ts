import type { LogLevel } from '@berth/kit';
import { parseFixedPattern } from '../access/index.ts';
import type { RetentionRule } from '../cleaning/retention-rules.ts';
import type { QuotaRule } from '../limits/index.ts';
import type { TlsSettings } from '../tls/index.ts';
import type { UpstreamSettings } from '../upstreams/index.ts';
import { type AccessConfig, readAccess } from './access.ts';
import {
  duration,
  type Field,
  field,
  listOf,
  object,
  oneOf,
  optional,
  origin,
  type Reader,
  required,
  size,
  someOf,
  text,
  wholeNumber,
  yesNo,
} from './shape.ts';
import { readStorage, type StorageConfig } from './storage.ts';
import { readUpstream } from './upstream.ts';

/** The configuration file, with its defaults filled in. docs/reference/registry-json.md says what each is for. */
export interface RegistryConfig {
  root: string;
  listen: string;
  /** How clients reach the registry where that is not what they say themselves: behind a proxy that ends TLS. */
  url: string | undefined;
  tls: TlsSettings | undefined;
  access: AccessConfig;
  storage: StorageConfig;
  /** Bytes that repositories may hold. */
  quotas: QuotaRule[];
  upstreams: UpstreamSettings[];
  /** What was fetched from upstreams goes when nobody used it for so long (milliseconds), or when it is more (bytes). */
  fetched: { interval: number; unusedAfter: number | undefined; maxBytes: number | undefined };
  /** Where health and figures are asked for, beside `/healthz` and `/readyz` of the registry itself. */
  watch: { listen: string } | undefined;
  log: { level: LogLevel; format: 'text' | 'json' };
  delete: boolean;
  indexes: 'whole' | 'sparse';
  limits: {
    /** Bytes. */
    blob: number;
    connections: number;
    /** Requests that send content at a time; as many again wait for a place, and for so long. */
    uploads: number;
    /** Milliseconds. */
    uploadWait: number;
    /** Bytes per second that a client must send or take, on the average of a minute; 0: no bound. */
    pace: number;
    /** Milliseconds. */
    idle: number;
    /** Milliseconds. */
    headers: number;
    /** Milliseconds. */
    stop: number;
  };
  uploads: { expire: number };
  gc: { interval: number; grace: number };
  retention: { interval: number; rules: RetentionRule[] };
}

export const DEFAULT_CONFIG_FILE = '/etc/berth/registry.json';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const pattern: Reader<string> = (value, where) => {
  const read = text(value, where);
  parseFixedPattern(read); // it says what is wrong
  return read;
};

const rule: Reader<RetentionRule> = (value, where) => {
  const { repositories, keepLast, keepYounger, keepTags, untaggedAfter } = object<{
    repositories: string[];
    keepLast: number | undefined;
    keepYounger: number | undefined;
    keepTags: string[] | undefined;
    untaggedAfter: number | undefined;
  }>({
    repositories: field(someOf(pattern), ['**']),
    keepLast: optional(wholeNumber(0)),
    keepYounger: optional(duration),
    keepTags: optional(listOf(text)),
    untaggedAfter: optional(duration),
  })(value, where);
  return { repositories, keepLast, keepYoungerMs: keepYounger, keepTags, untaggedAfterMs: untaggedAfter };
};

/** Each section with its reader; a section that is absent has its defaults. */
const FIELDS: { [K in keyof RegistryConfig]: Field<RegistryConfig[K]> } = {
  root: field(text, '/var/lib/berth-registry'),
  listen: field(text, '127.0.0.1:5000'),
  url: optional(origin),
  tls: optional(
    object<TlsSettings>({
      certificate: required(text),
      key: required(text),
      minVersion: optional(oneOf('1.2', '1.3')),
      clientAuthorities: optional(text),
    }),
  ),
  access: { read: readAccess, otherwise: readAccess({}, '') },
  storage: { read: readStorage, otherwise: readStorage({}, '') },
  quotas: field(listOf(object<QuotaRule>({ repositories: required(someOf(pattern)), bytes: required(size) })), []),
  upstreams: field(listOf(readUpstream), []),
  fetched: section({ interval: field(duration, HOUR), unusedAfter: optional(duration), maxBytes: optional(size) }),
  watch: optional(object<{ listen: string }>({ listen: required(text) })),
  log: section({
    level: field(oneOf('debug', 'info', 'warn', 'error'), 'info'),
    format: field(oneOf('text', 'json'), 'text'),
  }),
  delete: field(yesNo, true),
  indexes: field(oneOf('whole', 'sparse'), 'whole'),
  limits: section({
    blob: field(size, 1024 ** 4),
    connections: field(wholeNumber(1), 4096),
    uploads: field(wholeNumber(1), 256),
    uploadWait: field(duration, 30_000),
    pace: field(size, 1024),
    idle: field(duration, 2 * 60_000),
    headers: field(duration, 20_000),
    stop: field(duration, 30_000),
  }),
  uploads: section({ expire: field(duration, 7 * DAY) }),
  gc: section({ interval: field(duration, DAY), grace: field(duration, HOUR) }),
  retention: section({ interval: field(duration, DAY), rules: field(listOf(rule), []) }),
};

/** Reads the document of a configuration file. Errors: invalid, naming the setting. */
export const readConfig: Reader<RegistryConfig> = object(FIELDS);

function section<T extends object>(fields: { [K in keyof T]: Field<T[K]> }): Field<T> {
  const read = object<T>(fields);
  return { read, otherwise: read({}, '') };
}
