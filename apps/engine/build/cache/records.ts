import { BerthError } from '@berth/kit';
import { type Digest, isDigest, isObject } from '@berth/oci';

/** What a step with this key made: nothing of what is decided by the key itself is in it. */
export interface CacheRecord {
  /** `keyOf` its inputs, hexadecimal. */
  key: string;
  /** When it was done, as in the image's history: without it the image would have another id. */
  created: string;
  /** Digest of the uncompressed layer; undefined for a step that only wrote the configuration. */
  layer: Digest | undefined;
}

/** Member of a configuration, an image's or that of a cache alone, that has the records. Other engines pass over it. */
export const CACHE_MEMBER = 'io.berth.cache.v1';
export const CACHE_ARTIFACT_TYPE = 'application/vnd.berth.build.cache.v1';
export const CACHE_CONFIG_TYPE = 'application/vnd.berth.build.cache.config.v1+json';

const RECORDS_MAX = 10_000;
const KEY = /^[0-9a-f]{64}$/;

/** Records as they stand in a configuration; the same ones give the same bytes. */
export function recordsMember(records: readonly CacheRecord[]): object {
  const steps = records.map(({ key, created, layer }) => ({ key, created, ...(layer !== undefined && { layer }) }));
  return { steps };
}

/** The configuration of a cache alone: the layers of its manifest are these, as an image's are. */
export function cacheConfig(records: readonly CacheRecord[], layers: readonly Digest[]): Buffer {
  return Buffer.from(
    JSON.stringify({ [CACHE_MEMBER]: recordsMember(records), rootfs: { type: 'layers', diff_ids: layers } }),
  );
}

export interface ReadRecords {
  records: Map<string, CacheRecord>;
  /** Of the layers of the manifest, in their order. */
  diffIds: Digest[];
  /** How many records were left out since they cannot be right. */
  ignored: number;
}

/** Reads the records of a configuration that anybody may have written. Errors: not-found (has none), invalid. */
export function readRecords(config: Uint8Array): ReadRecords {
  const document = parse(config);
  const member = document[CACHE_MEMBER];
  if (member === undefined) throw new BerthError('not-found', 'it has no build cache of Berth');
  const { rootfs } = document;
  const diffIds: unknown = isObject(rootfs) ? (rootfs.diff_ids ?? []) : [];
  if (!Array.isArray(diffIds) || !diffIds.every(isDigest)) throw wrong('a layer has no digest');
  const steps = isObject(member) ? member.steps : undefined;
  if (!Array.isArray(steps)) throw wrong('it has no list of steps');
  if (steps.length > RECORDS_MAX) throw wrong(`it has more than ${RECORDS_MAX} steps`);
  const known = new Set<unknown>(diffIds);
  const records = new Map<string, CacheRecord>();
  let ignored = 0;
  for (const step of steps as unknown[]) {
    const record = readRecord(step, known);
    if (record === undefined || records.has(record.key)) ignored++;
    else records.set(record.key, record);
  }
  return { records, diffIds: diffIds as Digest[], ignored };
}

function readRecord(value: unknown, layers: ReadonlySet<unknown>): CacheRecord | undefined {
  if (!isObject(value)) return undefined;
  const { key, created, layer } = value;
  if (typeof key !== 'string' || !KEY.test(key)) return undefined;
  if (typeof created !== 'string' || !isMoment(created)) return undefined;
  if (layer !== undefined && (!isDigest(layer) || !layers.has(layer))) return undefined;
  return { key, created, layer };
}

/** Written as steps write it: another way would give another image. */
function isMoment(text: string): boolean {
  const at = Date.parse(text);
  return !Number.isNaN(at) && new Date(at).toISOString() === text;
}

function parse(bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new BerthError('invalid', 'invalid build cache: it is not JSON', { cause });
  }
  if (!isObject(value)) throw wrong('it is not an object');
  return value;
}

function wrong(what: string): BerthError {
  return new BerthError('invalid', `invalid build cache: ${what}`);
}
