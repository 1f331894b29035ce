import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** The repository. */
export const ROOT = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');

/** Files that git tracks and that are there, as paths relative to the repository; with `fresh` also those not added yet. */
export function trackedFiles({ fresh = true } = {}): string[] {
  const list = execFileSync(
    'git',
    ['ls-files', '-z', '--cached', ...(fresh ? ['--others', '--exclude-standard'] : [])],
    {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 64 * 1024 * 1024,
    },
  );
  return [...new Set(list.split('\0'))].filter((path) => path !== '' && existsSync(join(ROOT, path))).sort();
}

/** TypeScript sources of the product, without tests. */
export function productSources(): string[] {
  return trackedFiles().filter((path) => /^(packages|apps)\/.*\.ts$/.test(path) && !path.endsWith('.test.ts'));
}
