import { BerthError } from '@berth/kit';
import {
  type Digest,
  familiarString,
  type Platform,
  parseAnyReference,
  type Reference,
  withDefaultTag,
} from '@berth/oci';
import { formatPlatform, parsePlatform, selectPlatform } from './pull-platform.ts';
import type { ImageRow, ImageStore } from './store.ts';

/**
 * Finds an image as Docker does: by full id, then by name (tag `latest` when it has none), then by the beginning of an
 * id. Errors: not-found `No such image: REF`; invalid when the text cannot be a reference.
 */
export function resolveImage(store: ImageStore, text: string): ImageRow {
  const wanted = parseAnyReference(text);
  const row = 'id' in wanted ? store.image(wanted.id) : store.imageByReference(withDefaultTag(wanted.reference));
  if (row && !row.removed) return row;
  const prefix = text.startsWith('sha256:') ? text : `sha256:${text}`;
  const found = 'id' in wanted || !/^sha256:[0-9a-f]+$/.test(prefix) ? [] : store.imagesByPrefix(prefix);
  if (found.length === 1) return found[0]!;
  throw noSuchImage('id' in wanted ? wanted.id : wanted.reference, found.length > 1);
}

/**
 * The same for one platform, `os[/arch[/variant]]` or JSON: of an image of several platforms the one that fits best. Errors: not-found also
 * when it is not here for that platform; invalid (platform).
 */
export function resolveForPlatform(store: ImageStore, text: string, platform: string | undefined): ImageRow {
  const row = resolveImage(store, text);
  if (platform === undefined || platform === '') return row;
  const wanted = parsePlatform(platform);
  const found = selectPlatform([row, ...store.members(row.id)], ({ config }) => config, wanted);
  if (found) return found;
  throw doesNotProvide(text, wanted);
}

export function doesNotProvide(name: string, wanted: Platform): BerthError {
  return new BerthError(
    'not-found',
    `image with reference ${name} was found but does not provide the specified platform (${formatPlatform(wanted)})`,
  );
}

/** True when `text` names the image by id or by its beginning. */
export function isIdPrefix(id: Digest, text: string): boolean {
  return id.startsWith(text) || id.slice('sha256:'.length).startsWith(text);
}

function noSuchImage(wanted: Digest | Reference, ambiguous: boolean): BerthError {
  const name = typeof wanted === 'string' ? wanted : familiarString(withDefaultTag(wanted));
  const hint = ambiguous ? { hint: 'Several image ids begin with this: write more of it.' } : {};
  return new BerthError('not-found', `No such image: ${name}`, hint);
}
