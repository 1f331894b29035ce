import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CliError } from '../../../cli-error.ts';
import type { Source } from '../source/source.ts';

/** The Dockerfile of a source, for what is read of it here. Throws CliError where it lies in an archive. */
export function dockerfileText({ kind, dockerfile, ...source }: Source): { name: string; text: Buffer } {
  if ('text' in dockerfile) return dockerfile;
  if (kind === 'archive' || !('root' in source))
    throw new CliError('the Dockerfile is in an archive: it is only read where it is built');
  return { name: dockerfile.inContext, text: readFileSync(join(source.root, dockerfile.inContext)) };
}
