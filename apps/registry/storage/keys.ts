import { algorithmOf, type ContentDigest, hexOf, isContentDigest } from '../digest.ts';

/**
 * Names of all objects (README.md, "Layout"). Parts of repositories begin with `_`, which no part of a repository name
 * does.
 */
export const KEYS = {
  /** The bytes of a blob or manifest; the first two digits spread them over folders. */
  content: (digest: ContentDigest) => `blobs/${algorithmOf(digest)}/${hexOf(digest).slice(0, 2)}/${hexOf(digest)}`,
  /** Says that a repository has a blob. */
  link: (repository: string, digest: ContentDigest) => `${KEYS.links(repository)}${flat(digest)}`,
  links: (repository: string) => `repositories/${repository}/_blobs/`,
  /** What a repository knows of a manifest. */
  record: (repository: string, digest: ContentDigest) => `${KEYS.records(repository)}${flat(digest)}`,
  records: (repository: string) => `repositories/${repository}/_manifests/`,
  tag: (repository: string, tag: string) => `${KEYS.tags(repository)}${tag}`,
  tags: (repository: string) => `repositories/${repository}/_tags/`,
  /** The descriptor of a manifest whose `subject` is another. */
  referrer: (repository: string, subject: ContentDigest, digest: ContentDigest) =>
    `${KEYS.referrers(repository, subject)}${flat(digest)}`,
  referrers: (repository: string, subject: ContentDigest) => `${KEYS.subjects(repository)}${flat(subject)}/`,
  subjects: (repository: string) => `repositories/${repository}/_referrers/`,
  repositories: 'repositories/',
  contents: 'blobs/',
} as const;

/** `sha256-HEX`: a digest as one part of a key. */
export function flat(digest: ContentDigest): string {
  return `${algorithmOf(digest)}-${hexOf(digest)}`;
}

/** The digest that `flat` made a name of; undefined for other names. */
export function unflat(name: string): ContentDigest | undefined {
  const digest = name.replace('-', ':');
  return isContentDigest(digest) ? digest : undefined;
}
