import type { Context } from './context.ts';
import { eventAttributes } from './context.ts';
import { inView, openView, withContainer } from './files/in-view.ts';
import type { ContainerService } from './service.ts';
import { isActive } from './stop.ts';

/**
 * PUT /containers/{id}/archive: unpacks an archive into a directory of a container. Ends, with part of it written, when
 * the container ends meanwhile. Errors: not-found, invalid (archive, read-only places, files where directories are).
 */
export function copyIn(context: Context): ContainerService['copyIn'] {
  return async (name, path, source, { copyUidGid, keepKinds }) => {
    const { id } = context.store.resolve(name);
    const ended = new AbortController();
    let forget = () => {};
    await inView(context, id, {
      open: openView,
      begin: ({ view }, record) => {
        if (isActive(record)) forget = context.live.of(id).onEnded(() => ended.abort());
        const { config, hostConfig } = record.spec;
        const task = {
          kind: 'write' as const,
          view,
          path,
          user: copyUidGid ? config.User : '',
          keepKinds,
          owners: record.spec.remap,
          readOnlyRoot: hostConfig.ReadonlyRootfs,
          mounts: record.spec.mounts.map(({ target, readOnly }) => ({ target, readOnly })),
        };
        return context.files.begin(task, { source, signal: ended.signal });
      },
      result: async ({ answer, left }) => {
        try {
          await answer;
        } catch (error) {
          throw withContainer(error, name);
        } finally {
          forget();
          await left;
        }
      },
    });
    const record = context.store.resolve(id);
    context.publish('container', 'extract-to-dir', id, eventAttributes(record));
  };
}
