import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@berth/kit';

/**
 * Bytes of the files below a directory. A file with several names counts once; what vanishes meanwhile does not, nor does
 * what is so deep that no path leads there: containers make such directories, and they shall not make others fail.
 */
export async function directorySize(directory: string): Promise<number> {
  const seen = new Set<string>();
  const sizeOf = async (path: string): Promise<number> => {
    let sum = 0;
    for (const entry of await readdir(path, { withFileTypes: true }).catch(nothingIfUnreachable)) {
      const below = join(path, entry.name);
      if (entry.isDirectory()) sum += await sizeOf(below);
      if (!entry.isFile()) continue;
      const stat = await lstat(below).catch(() => undefined); // removed meanwhile, or too deep
      if (!stat || (stat.nlink > 1 && seen.has(`${stat.dev}:${stat.ino}`))) continue;
      if (stat.nlink > 1) seen.add(`${stat.dev}:${stat.ino}`);
      sum += stat.size;
    }
    return sum;
  };
  return sizeOf(directory);
}

function nothingIfUnreachable(error: unknown): never[] {
  if (['ENOENT', 'ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(errnoOf(error) ?? '')) return [];
  throw error;
}
