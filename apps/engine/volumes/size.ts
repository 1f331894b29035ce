import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@berth/kit';

/** Bytes of the files below a directory. A file with several names counts once; what vanishes meanwhile does not. */
export async function directorySize(directory: string): Promise<number> {
  const seen = new Set<string>();
  const sizeOf = async (path: string): Promise<number> => {
    let sum = 0;
    for (const entry of await readdir(path, { withFileTypes: true }).catch(nothingIfGone)) {
      const below = join(path, entry.name);
      if (entry.isDirectory()) sum += await sizeOf(below);
      if (!entry.isFile()) continue;
      const stat = await lstat(below).catch(() => undefined); // removed meanwhile
      if (!stat || (stat.nlink > 1 && seen.has(`${stat.dev}:${stat.ino}`))) continue;
      if (stat.nlink > 1) seen.add(`${stat.dev}:${stat.ino}`);
      sum += stat.size;
    }
    return sum;
  };
  return sizeOf(directory);
}

function nothingIfGone(error: unknown): never[] {
  if (['ENOENT', 'ENOTDIR', 'ELOOP'].includes(errnoOf(error) ?? '')) return [];
  throw error;
}
