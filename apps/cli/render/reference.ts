/** Parts of an image reference in familiar form (`docker.io/library/` left out). */
export interface FamiliarReference {
  name: string;
  tag: string;
  digest: string;
}

const TAG = /^[\w][\w.-]{0,127}$/;
const DIGEST = /^[a-z0-9]+(?:[.+_-][a-z0-9]+)*:[0-9a-fA-F]{32,}$/;
const NAME =
  /^(?:(?:[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:]+\])(?::\d+)?\/)?[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)*$/;

/** Parses `name[:tag][@digest]`; undefined when it is no reference, and for 64 hexadecimal digits, which are an id. */
export function parseFamiliar(reference: string): FamiliarReference | undefined {
  const at = reference.indexOf('@');
  const digest = at < 0 ? '' : reference.slice(at + 1);
  const named = at < 0 ? reference : reference.slice(0, at);
  const colon = named.lastIndexOf(':');
  const tagged = colon > named.lastIndexOf('/');
  const tag = tagged ? named.slice(colon + 1) : '';
  const name = tagged ? named.slice(0, colon) : named;
  if (!NAME.test(name) || (tagged && !TAG.test(tag)) || (at >= 0 && !DIGEST.test(digest))) return undefined;
  if (/^[0-9a-f]{64}$/.test(name)) return undefined;
  return { name: familiarName(name), tag, digest };
}

/** The image of a container as lists show it: familiar, without digest where there is a tag or name. */
export function familiarImage(reference: string): string {
  const parsed = parseFamiliar(reference);
  if (!parsed) return reference;
  return parsed.tag === '' ? parsed.name : `${parsed.name}:${parsed.tag}`;
}

function familiarName(name: string): string {
  const short = name.replace(/^(?:index\.)?docker\.io\//, '').replace(/^library\/(?=[^/]+$)/, '');
  // Taking the domain off may not make another reference of it.
  return short === name || !/^[^/]*[.:][^/]*\//.test(short) ? short : name;
}
