import { closeSync, mkdirSync, openSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { exchangeNames } from '../linux/file.ts';
import { O } from '../linux/open-in-root.ts';
import { removeTree } from '../linux/remove-tree.ts';
import { dataOf, homeOf, RESTORE, type VolumeContext } from './context.ts';
import { copyInto } from './copy.ts';
import type { VolumeSource } from './model.ts';

let serial = 0;

/** Fills an empty volume; see VolumeSource. */
export const fill =
  (context: VolumeContext): VolumeSource['fill'] =>
  async (id, containerId, source) => {
    const data = dataOf(context.config, id);
    if (context.store.get(id)?.options !== null || !isOnlyHolder(context, id, containerId)) {
      await copyTo(source, data);
      return;
    }
    const draft = join(homeOf(context.config, id), `${RESTORE}fill-${serial++}`);
    mkdirSync(draft, { mode: 0o700 });
    try {
      await copyTo(source, draft);
      // Who came meanwhile may have the directory mounted.
      if (isOnlyHolder(context, id, containerId) && readdirSync(data).length === 0) exchangeNames(draft, data);
      else await copyTo(source, data);
    } finally {
      await removeTree(draft);
    }
  };

function isOnlyHolder({ holders }: VolumeContext, id: string, containerId: string): boolean {
  const all = holders.get(id);
  return all?.size === 1 && all.has(containerId);
}

async function copyTo(source: number, path: string): Promise<void> {
  const target = openSync(path, O.RDONLY | O.DIRECTORY | O.NOFOLLOW);
  try {
    await copyInto(source, target);
  } finally {
    closeSync(target);
  }
}
