const HOST =
  /^(?:(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])(?:\.(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]))*|\[[a-fA-F0-9:]+\])(?::[0-9]+)?$/;
const PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const LONGEST = 255;

/** True for what can be the name of an image: `[HOST/]PATH[:TAG][@DIGEST]`, and no bare image ID. */
export function isReference(text: string): boolean {
  if (/^[a-f0-9]{64}$/.test(text) || text.length > 2 * LONGEST) return false;
  const [named = '', digest, more] = text.split('@');
  if (more !== undefined) return false;
  if (digest !== undefined && !/^[a-z][a-z0-9]*(?:[-_+.][a-z][a-z0-9]*)*:[a-fA-F0-9]{32,}$/i.test(digest)) return false;
  const colon = named.lastIndexOf(':');
  const hasTag = colon > named.lastIndexOf('/');
  if (hasTag && !/^\w[\w.-]{0,127}$/.test(named.slice(colon + 1))) return false;
  const parts = (hasTag ? named.slice(0, colon) : named).split('/');
  const [first = ''] = parts;
  const hasHost = parts.length > 1 && (/[.:]/.test(first) || first === 'localhost' || first !== first.toLowerCase());
  if (hasHost && !HOST.test(first)) return false;
  const path = hasHost ? parts.slice(1) : parts;
  return path.join('/').length <= LONGEST && path.every((part) => part.length <= LONGEST && PART.test(part));
}
