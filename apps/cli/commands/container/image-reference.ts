import { CliError } from '../../cli-error.ts';

const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9a-fA-F:]+\])(?::\d+)?$/;
const PATH = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^[A-Za-z][A-Za-z0-9]*(?:[+._-][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Refuses what cannot be an image's name or id before anything is asked; the sentences are Docker's. */
export function checkReference(image: string): void {
  if (/^(sha256:)?[0-9a-f]{64}$/.test(image)) return;
  const { name, tag, digest } = split(image);
  const { domain, path } = splitDomain(name);
  if (path !== path.toLowerCase())
    throw new CliError(`invalid reference format: repository name (${path}) must be lowercase`);
  const valid =
    (domain === '' || DOMAIN.test(domain)) &&
    PATH.test(path) &&
    (tag === undefined || TAG.test(tag)) &&
    (digest === undefined || DIGEST.test(digest));
  if (!valid) throw new CliError('invalid reference format');
}

/** As messages show it: without `docker.io/library/`, with the tag that is meant. */
export function taggedFamiliar(image: string): string {
  const { name, tag, digest } = split(image);
  const familiar = name.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\/(?=[^/]+$)/, '');
  if (digest !== undefined) return `${familiar}${tag === undefined ? '' : `:${tag}`}@${digest}`;
  return `${familiar}:${tag ?? 'latest'}`;
}

function split(image: string): { name: string; tag: string | undefined; digest: string | undefined } {
  const at = image.indexOf('@');
  const named = at < 0 ? image : image.slice(0, at);
  const digest = at < 0 ? undefined : image.slice(at + 1);
  const colon = named.lastIndexOf(':');
  if (colon <= named.lastIndexOf('/')) return { name: named, tag: undefined, digest };
  return { name: named.slice(0, colon), tag: named.slice(colon + 1), digest };
}

/** A first part with a dot, a colon or `localhost` is a registry; everything else is on Docker Hub. */
function splitDomain(name: string): { domain: string; path: string } {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  if (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase())
    return { domain: first, path: name.slice(slash + 1) };
  return { domain: '', path: slash < 0 ? `library/${name}` : name };
}
