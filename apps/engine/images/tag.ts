import { BerthError } from '@berth/kit';
import { familiarString, type Reference, withDefaultTag } from '@berth/oci';
import { durably } from '../state/database.ts';
import { announce, type ImageContext } from './context.ts';
import { resolveImage } from './resolve.ts';

/** POST /images/{name}/tag: moves the tag when another image has it. Errors: not-found, invalid. */
export function tagImage(context: ImageContext, name: string, target: Reference): void {
  if (target.digest !== undefined) throw new BerthError('invalid', 'refusing to create a tag with a digest reference');
  const { store } = context;
  const { id } = resolveImage(store, name);
  const reference = withDefaultTag(target);
  durably(store.db, () => {
    store.putReference(reference, id);
    store.setTagged(id, Date.now());
  });
  announce(context, 'tag', id, familiarString(reference));
}
