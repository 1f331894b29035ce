import type { Context } from './context.ts';
import { eventAttributes } from './context.ts';
import { inView } from './files/in-view.ts';
import { openRootView } from './files/open-view.ts';
import type { ContainerService } from './service.ts';

/**
 * GET /containers/{id}/export: the root file system as an archive, without what is mounted in it. A container that does
 * not run may be started again as soon as the archive begins. Errors: not-found.
 */
export function exportContainer(context: Context): ContainerService['export'] {
  return async (name) => {
    const body = await inView(context, name, {
      open: openRootView,
      begin: ({ view }, { spec }) => context.files.begin({ kind: 'export', view, owners: spec.remap }),
      result: async (job) => {
        await job.answer;
        return job.body!;
      },
    });
    const record = context.store.resolve(name);
    context.publish('container', 'export', record.id, eventAttributes(record));
    return body;
  };
}
