import { BerthError } from '@berth/kit';
import { type Digest, familiarString, parseAnyReference, type Reference, withDefaultTag } from '@berth/oci';
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

/** True when `text` names the image by id or by its beginning. */
export function isIdPrefix(id: Digest, text: string): boolean {
  return id.startsWith(text) || id.slice('sha256:'.length).startsWith(text);
}

function noSuchImage(wanted: Digest | Reference, ambiguous: boolean): BerthError {
  const name = typeof wanted === 'string' ? wanted : familiarString(withDefaultTag(wanted));
  const hint = ambiguous ? { hint: 'Several image ids begin with this: write more of it.' } : {};
  return new BerthError('not-found', `No such image: ${name}`, hint);
}
