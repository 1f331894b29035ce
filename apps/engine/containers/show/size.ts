import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@berth/kit';
import type { EngineConfig } from '../../config.ts';
import { pathsOf } from '../context.ts';

/** Bytes of the files in a container's own layer. A file with several names counts once. */
export async function writableSize(config: EngineConfig, id: string): Promise<number> {
  const seen = new Set<string>();
  const sizeOf = async (dir: string): Promise<number> => {
    let sum = 0;
    for (const entry of await readdir(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) sum += await sizeOf(path).catch(ignoreGone);
      else if (entry.isFile()) {
        const stat = await lstat(path).catch(() => undefined); // removed meanwhile
        if (!stat || (stat.nlink > 1 && seen.has(`${stat.dev}:${stat.ino}`))) continue;
        seen.add(`${stat.dev}:${stat.ino}`);
        sum += stat.size;
      }
    }
    return sum;
  };
  return sizeOf(pathsOf(config, id).upper).catch(ignoreGone);
}

function ignoreGone(error: unknown): number {
  if (errnoOf(error) === 'ENOENT') return 0;
  throw error;
}
