import { BerthError } from '@berth/kit';
import { type Digest, isDigest } from './digest.ts';

/** A pointer to content (image-spec descriptor.md). */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Bytes. */
  size: number;
  urls?: string[];
  annotations?: Record<string, string>;
  platform?: Platform;
  artifactType?: string;
}

/** What an image runs on (image-spec image-index.md). */
export interface Platform {
  architecture: string;
  os: string;
  variant?: string;
  'os.version'?: string;
  'os.features'?: string[];
}

/** Checks a descriptor that came from outside and copies its known members. Errors: invalid; `where` names the place. */
export function parseDescriptor(value: unknown, where: string): Descriptor {
  if (!isObject(value)) throw wrong(where, 'is not an object');
  const { mediaType, digest, size, urls, annotations, platform, artifactType } = value;
  if (typeof mediaType !== 'string' || mediaType.length > 255) throw wrong(where, 'has no media type');
  if (!isDigest(digest)) throw wrong(where, 'has no valid sha256 digest');
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) throw wrong(where, 'has no valid size');
  const descriptor: Descriptor = { mediaType, digest, size };
  if (Array.isArray(urls)) descriptor.urls = urls.filter((url) => typeof url === 'string');
  if (isObject(annotations)) descriptor.annotations = parseAnnotations(annotations, where);
  if (platform !== undefined && platform !== null) descriptor.platform = parsePlatform(platform, where);
  if (typeof artifactType === 'string') descriptor.artifactType = artifactType;
  return descriptor;
}

/** Checks a string map. Errors: invalid. */
export function parseAnnotations(value: Record<string, unknown>, where: string): Record<string, string> {
  const entries = Object.entries(value);
  if (entries.some(([, text]) => typeof text !== 'string')) throw wrong(where, 'has an annotation that is no string');
  return Object.fromEntries(entries) as Record<string, string>;
}

function parsePlatform(value: unknown, where: string): Platform {
  if (!isObject(value)) throw wrong(where, 'has a platform that is no object');
  const { architecture, os, variant } = value;
  if (typeof architecture !== 'string' || typeof os !== 'string')
    throw wrong(where, 'has a platform without architecture or os');
  const platform: Platform = { architecture, os };
  if (typeof value['os.version'] === 'string' && value['os.version'] !== '')
    platform['os.version'] = value['os.version'];
  const features = value['os.features'];
  if (Array.isArray(features) && features.length > 0)
    platform['os.features'] = features.filter((feature) => typeof feature === 'string');
  if (typeof variant === 'string' && variant !== '') platform.variant = variant;
  return platform;
}

/** A JSON object, not null and not an array. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function wrong(where: string, what: string): BerthError {
  return new BerthError('invalid', `invalid ${where}: it ${what}`);
}
