import { lstatSync, readFileSync, realpathSync } from 'node:fs';
import { basename, join, sep } from 'node:path';
import type { IgnoreRules } from '@berth/dockerfile';
import { errnoOf } from '@berth/kit';
import { CliError } from '../../../cli-error.ts';

const FILE_MAX = 4 * 1024 * 1024;

/**
 * The rules of a context: of `Dockerfile.dockerignore` beside the Dockerfile `beside` where there is one, else of
 * `.dockerignore`; undefined where there are none. With `confined` neither may be a link that leads outside. Throws BerthError for patterns that are none.
 */
export async function readIgnoreRules(
  root: string,
  { beside, confined }: { beside: string | undefined; confined: boolean },
): Promise<IgnoreRules | undefined> {
  const own = beside === undefined ? undefined : `${beside}.dockerignore`;
  const found = [own, join(root, '.dockerignore')].find(
    (path) => path !== undefined && lstatSync(path, { throwIfNoEntry: false }) !== undefined,
  );
  if (found === undefined) return undefined;
  const text = readRules(found, root, confined);
  if (text === undefined) return undefined;
  const { parseIgnoreFile } = await import('@berth/dockerfile');
  return parseIgnoreFile(text, basename(found));
}

function readRules(path: string, root: string, confined: boolean): string | undefined {
  try {
    const real = realpathSync(path);
    if (confined && !real.startsWith(root + sep))
      throw new CliError(`${basename(path)} must be within the build context`);
    const stat = lstatSync(real);
    if (!stat.isFile()) throw new CliError(`error reading .dockerignore: ${path} is not a file`);
    if (stat.size > FILE_MAX) throw new CliError(`error reading .dockerignore: ${path} is too large`);
    return readFileSync(real, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined; // a link to nothing
    if (errnoOf(error) === 'EACCES') throw new CliError(`error checking context: no permission to read from '${path}'`);
    throw error;
  }
}
