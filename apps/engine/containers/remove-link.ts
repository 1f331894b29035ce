import { BerthError } from '@berth/kit';
import { type Context, pathsOf } from './context.ts';
import { parseLink } from './run/links.ts';
import { removeLinkLine } from './run/network-files.ts';

/**
 * Takes a link from a container (`rm --link /web/db`): the container that it leads to stays.
 * Errors: not-found (container, link), conflict (the name of a container).
 */
export async function removeLink(context: Context, name: string): Promise<void> {
  const [parent = '', alias = '', ...rest] = name.replace(/^\//, '').split('/');
  if (alias === '' || rest.length > 0) {
    throw new BerthError('conflict', 'Conflict, cannot remove the default link name of the container', {
      hint: 'A link is named by the container that has it and its alias: berth rm --link /web/db',
    });
  }
  const { id } = context.store.resolve(parent);
  await context.lock.run(id, () => {
    const record = context.store.get(id);
    const links = record?.spec.hostConfig.Links ?? [];
    const kept = links.filter((link) => parseLink(link).alias !== alias);
    if (!record || kept.length === links.length) throw new BerthError('not-found', `No such link: /${parent}/${alias}`);
    const hostConfig = { ...record.spec.hostConfig, Links: kept.length > 0 ? kept : null };
    context.store.save({ ...record, spec: { ...record.spec, hostConfig } });
    if (record.sandbox) removeLinkLine(pathsOf(context.config, id), alias);
  });
}
