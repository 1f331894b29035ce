import { BerthError, readBoolean } from '@berth/kit';
import { parseReference, type Reference, withDefaultTag } from '@berth/oci';

/** A `--cache-to`. */
export interface CacheTo {
  type: 'registry' | 'inline' | 'local';
  /** Of a registry. */
  reference: Reference | undefined;
  /** `min`: steps of the image alone; `max`: those of all stages. */
  mode: 'min' | 'max';
  /** The build is not failed by it. */
  ignoreError: boolean;
}

/** A `--cache-from`. */
export interface CacheFrom {
  /** As the user said it. */
  name: string;
  /** Of a registry; undefined for files. */
  reference: Reference | undefined;
  /** Files that the client sent, by the id of their context; undefined where it found none. */
  context: string | undefined;
  /** An image that is here goes before the registry's, as with Docker's classic `cacheFrom`. */
  isLocalFirst: boolean;
}

type Attributes = Readonly<Record<string, string>>;

/** Kinds of other builders. */
const SERVICES = new Set(['gha', 's3', 'azblob']);
const TO_KEYS: Record<CacheTo['type'], readonly string[]> = {
  registry: ['ref', 'mode', 'ignore-error', 'oci-mediatypes', 'image-manifest'],
  inline: ['ignore-error'],
  local: ['mode', 'ignore-error', 'oci-mediatypes', 'image-manifest'],
};

/** Reads the attributes of each `--cache-to`. Errors: invalid; not-supported, naming what it is. */
export function readCacheTo(given: readonly Attributes[]): CacheTo[] {
  return given.map((attributes) => {
    const type = typeOf(attributes, '--cache-to', 'exporter');
    only(attributes, TO_KEYS[type], `--cache-to type=${type}`);
    const { ref, mode = 'min' } = attributes;
    if (mode !== 'min' && mode !== 'max') throw new BerthError('invalid', `invalid mode for --cache-to: ${mode}`);
    for (const name of ['oci-mediatypes', 'image-manifest'])
      if (truthOf(attributes, name, type) === false)
        throw new BerthError(
          'not-supported',
          `--cache-to type=${type},${name}=${attributes[name]} is not supported: the cache is an OCI image manifest`,
        );
    return {
      ...{ type, mode, ignoreError: truthOf(attributes, 'ignore-error', type) === true },
      reference: type === 'registry' ? referenceOf(ref, '--cache-to') : undefined,
    };
  });
}

/** Reads names of images, and the attributes of each `--cache-from`. Errors: invalid; not-supported, naming what it is. */
export function readCacheFrom(names: readonly string[], given: readonly Attributes[]): CacheFrom[] {
  const named = names.map((name) => ({
    name,
    reference: referenceOf(name, '--cache-from'),
    context: undefined,
    isLocalFirst: true,
  }));
  const attributed = given.map((attributes): CacheFrom => {
    const type = typeOf(attributes, '--cache-from', 'importer');
    if (type === 'inline') throw new BerthError('invalid', 'unknown cache importer: "inline"');
    if (type === 'local') {
      only(attributes, ['src', 'context'], '--cache-from type=local');
      const { src = '', context } = attributes;
      return { name: src, reference: undefined, context, isLocalFirst: false };
    }
    only(attributes, ['ref'], `--cache-from type=${type}`);
    const { ref = '' } = attributes;
    return { name: ref, reference: referenceOf(ref, '--cache-from'), context: undefined, isLocalFirst: false };
  });
  return [...named, ...attributed];
}

function typeOf({ type = '' }: Attributes, flag: string, what: string): CacheTo['type'] {
  if (type === 'registry' || type === 'inline' || type === 'local') return type;
  if (type === '') throw new BerthError('invalid', `invalid value for ${flag}: type required`);
  if (SERVICES.has(type))
    throw new BerthError('not-supported', `${flag} type=${type} is not supported: use registry, local or inline`);
  throw new BerthError('invalid', `unknown cache ${what}: ${JSON.stringify(type)}`);
}

function only(attributes: Attributes, known: readonly string[], what: string): void {
  const other = Object.keys(attributes).find((name) => name !== 'type' && !known.includes(name));
  if (other !== undefined) throw new BerthError('not-supported', `${what},${other}=… is not supported`);
}

/** Errors: invalid for none and for what is no name. */
function referenceOf(text: string | undefined, flag: string): Reference {
  if (text === undefined || text === '') throw new BerthError('invalid', `${flag} type=registry needs ref=NAME`);
  return withDefaultTag(parseReference(text));
}

/** undefined where it is not said. Errors: invalid for what is neither true nor false. */
function truthOf(attributes: Attributes, name: string, type: CacheTo['type']): boolean | undefined {
  const text = attributes[name];
  if (text === undefined) return undefined;
  const read = readBoolean(text);
  if (read === undefined)
    throw new BerthError('invalid', `--cache-to type=${type}: ${name}=${text} is neither true nor false`);
  return read;
}
