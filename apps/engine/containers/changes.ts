import type { LayerChange } from '../archives/index.ts';
import type { Context } from './context.ts';
import { comparedView, PLACEHOLDERS } from './files/open-view.ts';
import type { ContainerService } from './service.ts';

/** GET /containers/{id}/changes: what a container changed of its image, mounts left out. Errors: not-found. */
export function changes(context: Context): ContainerService['changes'] {
  return async (name) => {
    const record = context.store.resolve(name);
    const job = context.files.begin({
      kind: 'changes',
      view: comparedView(context, record),
      placeholders: PLACEHOLDERS,
      owners: record.spec.remap,
    });
    const found = (await job.answer) as LayerChange[];
    return found.map(({ path, kind }) => ({ Path: Buffer.from(path, 'latin1').toString(), Kind: kind }));
  };
}
