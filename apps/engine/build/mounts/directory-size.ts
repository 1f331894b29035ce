import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of the files in a directory; what vanishes meanwhile, or is nested beyond what paths can say, does not count. */
export async function directorySize(path: string): Promise<number> {
  let sum = 0;
  const open = [path];
  for (let directory = open.pop(); directory !== undefined; directory = open.pop()) {
    for (const entry of await readdir(directory, { withFileTypes: true }).catch(() => [])) {
      const full = join(directory, entry.name);
      if (entry.isDirectory()) open.push(full);
      else sum += (await lstat(full).catch(() => undefined))?.size ?? 0;
    }
  }
  return sum;
}
