import { BerthError } from '@berth/kit';
import { type Digest, isDigest, parseDigest } from './digest.ts';

/**
 * A normalised image reference: `busybox` is { domain: 'docker.io', path: 'library/busybox' }. Without tag and digest it
 * names a repository; `withDefaultTag` makes an image of it.
 */
export interface Reference {
  /** Registry host, with port where one was given. */
  domain: string;
  /** Repository inside the registry. */
  path: string;
  tag?: string;
  digest?: Digest;
}

const DEFAULT_DOMAIN = 'docker.io';
const LEGACY_DOMAIN = 'index.docker.io';
const OFFICIAL = 'library/';
const PATH_MAX = 255;

// The grammar of distribution/reference.
const COMPONENT = '[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*';
const HOST_PART = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const HOST = `(?:${HOST_PART}(?:\\.${HOST_PART})*|\\[[a-fA-F0-9:]+\\])`;
const TAG = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const DIGEST = '[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}';
const REFERENCE = new RegExp(`^(${HOST}(?::[0-9]+)?)/(${COMPONENT}(?:/${COMPONENT})*)(?::(${TAG}))?(?:@(${DIGEST}))?$`);
const TAG_ONLY = new RegExp(`^${TAG}$`);
/** Longer than any valid reference (host 255, port, path 255, tag 128, digest 71); keeps the patterns on short input. */
const LENGTH_MAX = 1024;

/** Reads a reference as people write it. Errors: invalid, with Docker's wording. */
export function parseReference(text: string): Reference {
  if (text.length > LENGTH_MAX) throw invalid();
  if (/^[a-f0-9]{64}$/.test(text)) {
    throw new BerthError('invalid', `invalid repository name (${text}), cannot specify 64-byte hexadecimal strings`);
  }
  const { domain, remainder } = splitDomain(text);
  const name = remainder.split(':', 1)[0]!;
  if (name.toLowerCase() !== name) {
    throw new BerthError('invalid', `invalid reference format: repository name (${name}) must be lowercase`);
  }
  const match = REFERENCE.exec(`${domain}/${remainder}`);
  if (match === null) throw invalid();
  const path = match[2]!;
  if (path.length > PATH_MAX) {
    throw new BerthError(
      'invalid',
      `invalid reference format: repository name must not be more than ${PATH_MAX} characters`,
    );
  }
  const reference: Reference = { domain: match[1]!, path };
  if (match[3] !== undefined) reference.tag = match[3];
  if (match[4] !== undefined) reference.digest = parseDigest(match[4]);
  return reference;
}

function invalid(): BerthError {
  return new BerthError('invalid', 'invalid reference format');
}

/** The first part is a host when it looks like one; Docker Hub's short names are filled up. */
function splitDomain(text: string): { domain: string; remainder: string } {
  const slash = text.indexOf('/');
  if (slash < 0) return { domain: DEFAULT_DOMAIN, remainder: OFFICIAL + text };
  const first = text.slice(0, slash);
  const rest = text.slice(slash + 1);
  const isHost = looksLikeHost(first);
  const domain = isHost ? (first === LEGACY_DOMAIN ? DEFAULT_DOMAIN : first) : DEFAULT_DOMAIN;
  const remainder = isHost ? rest : text;
  return {
    domain,
    remainder: domain === DEFAULT_DOMAIN && !remainder.includes('/') ? OFFICIAL + remainder : remainder,
  };
}

function looksLikeHost(part: string): boolean {
  return part === 'localhost' || /[.:]/.test(part) || part.toLowerCase() !== part;
}

/** With tag `latest` when it has neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  return reference.tag === undefined && reference.digest === undefined ? { ...reference, tag: 'latest' } : reference;
}

/** Checks a tag on its own. Errors: invalid. */
export function parseTag(text: string): string {
  if (text.length <= 128 && TAG_ONLY.test(text)) return text;
  throw new BerthError('invalid', 'invalid tag format');
}

/** `docker.io/library/busybox`: one spelling for each repository. */
export function canonicalName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** `docker.io/library/busybox:latest`, with tag and digest where present. */
export function canonicalString(reference: Reference): string {
  return canonicalName(reference) + suffix(reference);
}

/**
 * The repository as people write it: `busybox`, `user/app`, `host:5000/app`. A name on the hub whose first part would be
 * read as a host keeps the hub's: `docker.io/a.b/app`.
 */
export function familiarName({ domain, path }: Reference): string {
  if (domain !== DEFAULT_DOMAIN) return `${domain}/${path}`;
  const official = path.startsWith(OFFICIAL) ? path.slice(OFFICIAL.length) : path;
  if (!official.includes('/')) return official;
  return looksLikeHost(path.slice(0, path.indexOf('/'))) ? `${domain}/${path}` : path;
}

/** The reference as people write it, with tag and digest where present. */
export function familiarString(reference: Reference): string {
  return familiarName(reference) + suffix(reference);
}

function suffix({ tag, digest }: Reference): string {
  return (tag === undefined ? '' : `:${tag}`) + (digest === undefined ? '' : `@${digest}`);
}

/**
 * What an argument that names an image can be: a full image id (64 digits, with or without `sha256:`), else a reference.
 * Errors: invalid.
 */
export function parseAnyReference(text: string): { id: Digest } | { reference: Reference } {
  if (isDigest(text)) return { id: text };
  const id = `sha256:${text}`;
  return isDigest(id) ? { id } : { reference: parseReference(text) };
}
