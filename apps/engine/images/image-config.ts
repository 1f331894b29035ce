import { BerthError } from '@berth/kit';
import { type Digest, isDigest, isObject } from '@berth/oci';
import type { ImageConfig, ImageRunConfig } from './model.ts';

/** Longest configuration in bytes. */
export const CONFIG_LIMIT = 4 * 1024 * 1024;
/** As Docker: what overlayfs and its mount options can take. */
const MAX_LAYERS = 125;

type HistoryEntry = NonNullable<ImageConfig['history']>[number];

/**
 * Reads an OCI or Docker image configuration. What the engine uses is checked member by member and copied; everything
 * else is left out, so that an image cannot speak to the engine in other ways. Errors: invalid.
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  if (bytes.byteLength > CONFIG_LIMIT) throw wrong(`is larger than ${CONFIG_LIMIT} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    throw new BerthError('invalid', 'invalid image configuration: it is not JSON', { cause });
  }
  if (!isObject(value)) throw wrong('is not a JSON object');
  const { rootfs } = value;
  if (!isObject(rootfs) || rootfs.type !== 'layers') throw wrong('has no rootfs of layers');
  const diffIds: unknown = rootfs.diff_ids ?? [];
  if (!Array.isArray(diffIds) || !diffIds.every(isDigest)) throw wrong('has a diff_id that is no sha256 digest');
  if (diffIds.length > MAX_LAYERS) throw new BerthError('invalid', 'max depth exceeded');
  const config: ImageConfig = {
    architecture: text(value, 'architecture') ?? '',
    os: text(value, 'os') ?? '',
    rootfs: { type: 'layers', diff_ids: diffIds as Digest[] },
    ...optionalTexts(value, ['variant', 'created', 'author', 'docker_version'] as const),
  };
  if (value.config !== undefined && value.config !== null) config.config = parseRunConfig(value.config);
  if (Array.isArray(value.history)) config.history = value.history.map(parseHistory);
  return config;
}

function parseRunConfig(value: unknown): ImageRunConfig {
  if (!isObject(value)) throw wrong('has a config that is no object');
  const config: ImageRunConfig = optionalTexts(value, [
    'User',
    'WorkingDir',
    'StopSignal',
    'Hostname',
    'Domainname',
  ] as const);
  for (const name of ['Env', 'Entrypoint', 'Cmd', 'Shell', 'OnBuild'] as const) {
    const list = value[name];
    if (list === undefined || list === null) continue;
    if (!Array.isArray(list) || !list.every((item) => typeof item === 'string'))
      throw wrong(`has a ${name} that is no list of strings`);
    config[name] = list;
  }
  for (const name of ['ExposedPorts', 'Volumes'] as const) {
    const set = value[name];
    if (set === undefined || set === null) continue;
    if (!isObject(set)) throw wrong(`has ${name} that are no object`);
    config[name] = Object.fromEntries(Object.keys(set).map((key) => [key, {}]));
  }
  if (value.Labels !== undefined && value.Labels !== null) {
    const { Labels } = value;
    if (!isObject(Labels) || !Object.values(Labels).every((label) => typeof label === 'string')) {
      throw wrong('has Labels that are no strings');
    }
    config.Labels = Labels as Record<string, string>;
  }
  if (typeof value.StopTimeout === 'number' && Number.isSafeInteger(value.StopTimeout))
    config.StopTimeout = value.StopTimeout;
  if (isObject(value.Healthcheck)) config.Healthcheck = value.Healthcheck;
  return config;
}

function parseHistory(value: unknown): HistoryEntry {
  if (!isObject(value)) throw wrong('has a history entry that is no object');
  const entry: HistoryEntry = optionalTexts(value, ['created', 'created_by', 'author', 'comment'] as const);
  if (value.empty_layer === true) entry.empty_layer = true;
  return entry;
}

function optionalTexts<K extends string>(
  value: Record<string, unknown>,
  names: readonly K[],
): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const name of names) {
    const member = text(value, name);
    if (member !== undefined) found[name] = member;
  }
  return found;
}

function text(value: Record<string, unknown>, name: string): string | undefined {
  const member = value[name];
  if (member === undefined || member === null) return undefined;
  if (typeof member !== 'string') throw wrong(`has a ${name} that is no string`);
  return member;
}

function wrong(what: string): BerthError {
  return new BerthError('invalid', `invalid image configuration: it ${what}`);
}

/** Milliseconds since the epoch, or 0 when the configuration does not say or cannot be read. */
export function createdAtOf(config: ImageConfig): number {
  const time = Date.parse(config.created ?? '');
  return Number.isNaN(time) ? 0 : Math.max(time, 0);
}
