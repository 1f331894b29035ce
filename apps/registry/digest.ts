import { createHash, type Hash } from 'node:crypto';
import { RegistryError } from './errors.ts';

/** A content digest in its one canonical spelling, sha256 or sha512: safe as a part of a key. */
export type ContentDigest = `${Algorithm}:${string}`;

export type Algorithm = 'sha256' | 'sha512';

const SHAPE = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** True for a canonical digest of an algorithm that is stored here. */
export function isContentDigest(text: unknown): text is ContentDigest {
  return typeof text === 'string' && SHAPE.test(text);
}

/** Checks a digest that a client sent. Errors: DIGEST_INVALID. */
export function readDigest(text: string): ContentDigest {
  if (isContentDigest(text)) return text;
  const shown = JSON.stringify(text.slice(0, 150));
  const algorithm = /^([a-z0-9]+(?:[+._-][a-z0-9]+)*):/.exec(text)?.[1];
  if (algorithm !== undefined && !isAlgorithm(algorithm))
    throw new RegistryError('DIGEST_INVALID', `digest algorithm ${algorithm} is not supported: sha256 and sha512 are`);
  throw new RegistryError('DIGEST_INVALID', `${shown} is not a digest: sha256 or sha512, a colon, lower-case digits`);
}

export function isAlgorithm(text: string): text is Algorithm {
  return text === 'sha256' || text === 'sha512';
}

export function algorithmOf(digest: ContentDigest): Algorithm {
  return digest.startsWith('sha512:') ? 'sha512' : 'sha256';
}

/** The hexadecimal digits alone. */
export function hexOf(digest: ContentDigest): string {
  return digest.slice('sha256:'.length);
}

/** Digest of bytes at hand. */
export function contentDigest(bytes: Uint8Array | string, algorithm: Algorithm = 'sha256'): ContentDigest {
  return finishDigest(algorithm, createHash(algorithm).update(bytes));
}

/** The digest that a running hash of this algorithm has come to. The hash is finished by it. */
export function finishDigest(algorithm: Algorithm, hash: Hash): ContentDigest {
  return `${algorithm}:${hash.digest('hex')}`;
}
