import type { ContextContents } from './contents.ts';
import { resolveIn } from './entry-index.ts';
import type { BuildContext, ContextEntry } from './model.ts';

/** A context over its index; `held` are the contents that it lets go of when it is released. */
export function openContext(
  entries: ReadonlyMap<string, ContextEntry>,
  { contents, held, received }: { contents: ContextContents; held: readonly string[]; received: number },
): BuildContext {
  let open = true;
  return {
    entries,
    received,
    contentPath: ({ sha256 }) => contents.path(sha256),
    resolve: (path, options) => resolveIn(entries, path, options),
    release() {
      if (open) void contents.release(held);
      open = false;
    },
  };
}
