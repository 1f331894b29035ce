import type { Context } from './context.ts';
import { inView, openView, withContainer } from './files/in-view.ts';
import type { PathStat } from './files/protocol.ts';
import type { ContainerService } from './service.ts';

/** HEAD /containers/{id}/archive: what is at a path. Errors: not-found, invalid. */
export function stat(context: Context): ContainerService['stat'] {
  return (name, path) =>
    inView(context, name, {
      open: openView,
      begin: ({ view }) => context.files.begin({ kind: 'stat', view, path }),
      result: async ({ answer, left }) => {
        try {
          return (await answer) as PathStat;
        } catch (error) {
          throw withContainer(error, name);
        } finally {
          await left;
        }
      },
    });
}
