import { open } from 'node:fs/promises';
import { errnoOf } from '@berth/kit';

/** Makes renames and removals in a folder last. One that is gone has nothing that could get lost. */
export async function syncDirectory(path: string): Promise<void> {
  try {
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
