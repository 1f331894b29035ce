import { createHash } from 'node:crypto';
import { BerthError } from '@berth/kit';

/** A content digest, `sha256:` and 64 lower-case hexadecimal digits. */
export type Digest = `sha256:${string}`;

const SHAPE = /^sha256:[0-9a-f]{64}$/;

/**
 * Checks a digest that came from outside. Only sha256 in its canonical spelling passes, because digests become file
 * names and registry paths. Errors: invalid.
 */
export function parseDigest(text: unknown): Digest {
  if (isDigest(text)) return text;
  const shown = typeof text === 'string' ? JSON.stringify(text.slice(0, 100)) : typeof text;
  if (typeof text === 'string' && /^[a-z0-9+._-]+:/i.test(text) && !text.startsWith('sha256:')) {
    throw new BerthError('invalid', `unsupported digest algorithm: ${shown}`);
  }
  throw new BerthError('invalid', `invalid checksum digest format: ${shown}`);
}

/** True for a canonical sha256 digest. */
export function isDigest(text: unknown): text is Digest {
  return typeof text === 'string' && SHAPE.test(text);
}

/** Digest of bytes at hand. */
export function digestOf(bytes: Uint8Array | string): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** The 64 hexadecimal digits of a digest: safe as a file name. */
export function hexOf(digest: Digest): string {
  return parseDigest(digest).slice('sha256:'.length);
}
