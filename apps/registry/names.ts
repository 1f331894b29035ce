import { type ContentDigest, readDigest } from './digest.ts';
import { RegistryError } from './errors.ts';

const COMPONENT = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const NAME = new RegExp(`^${COMPONENT}(?:/${COMPONENT})*$`);
const TAG = /^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/;
/** As the specification bounds it: with host and port, names must fit 255 characters in most clients. */
const NAME_MAX = 255;

/** What names a manifest in a URL. */
export type ManifestReference = { digest: ContentDigest } | { tag: string };

/** True for a repository name of the specification; such a name has no part `.`, `..` or beginning with `_`. */
export function isRepositoryName(text: string): boolean {
  return text.length <= NAME_MAX && NAME.test(text);
}

/** Errors: NAME_INVALID. */
export function readRepositoryName(text: string): string {
  if (isRepositoryName(text)) return text;
  throw new RegistryError('NAME_INVALID', `${JSON.stringify(text.slice(0, 150))} is not a repository name`, {
    detail: { name: text.slice(0, NAME_MAX) },
  });
}

export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** Errors: DIGEST_INVALID, TAG_INVALID. */
export function readReference(text: string): ManifestReference {
  if (text.includes(':')) return { digest: readDigest(text) };
  if (isTag(text)) return { tag: text };
  throw new RegistryError('TAG_INVALID', `${JSON.stringify(text.slice(0, 150))} is neither a tag nor a digest`);
}
