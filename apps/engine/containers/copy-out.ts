import type { Context } from './context.ts';
import { eventAttributes } from './context.ts';
import { inView, openView, withContainer } from './files/in-view.ts';
import type { PathStat } from './files/protocol.ts';
import type { ContainerService } from './service.ts';

/**
 * GET /containers/{id}/archive: a file or a directory with all that is in it, as an archive. A container that does not run
 * may be started again as soon as the archive begins. Errors: not-found, invalid.
 */
export function copyOut(context: Context): ContainerService['copyOut'] {
  return async (name, path) => {
    const copied = await inView(context, name, {
      open: openView,
      begin: ({ view }, { spec }) => context.files.begin({ kind: 'read', view, path, owners: spec.remap }),
      result: async ({ answer, body }) => {
        try {
          return { stat: (await answer) as PathStat, body: body! };
        } catch (error) {
          throw withContainer(error, name);
        }
      },
    });
    const record = context.store.resolve(name);
    context.publish('container', 'archive-path', record.id, eventAttributes(record));
    return copied;
  };
}
