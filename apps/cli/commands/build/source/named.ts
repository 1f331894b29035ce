import { statSync } from 'node:fs';
import { isBerthError } from '@berth/kit';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import { cacheFolder, openHashCache } from './hash-cache.ts';
import { directorySource, isGit } from './open.ts';
import { sendable, sendByListing } from './send-listing.ts';
import { walkContext } from './walk.ts';

const NAME = /^[\w][\w.:/@-]*$/;

/** Sends the directories among `--build-context NAME=VALUE` and gives what a session calls each. Throws CliError. */
export async function shipNamed(context: Context, texts: readonly string[]): Promise<Record<string, string>> {
  const named: Record<string, string> = {};
  for (const text of texts) {
    const equals = text.indexOf('=');
    const [name, value] = [text.slice(0, Math.max(0, equals)), text.slice(equals + 1)];
    if (equals < 0 || value === '') throw new CliError(`invalid context value: ${text}, expected key=value`);
    if (!NAME.test(name)) throw new CliError(`invalid context name ${name}`);
    named[name] = await shipOne(context, name, value);
  }
  return named;
}

async function shipOne(context: Context, name: string, value: string): Promise<string> {
  if (/^(?:docker-image:\/\/|https?:\/\/)/.test(value) || isGit(value)) return value;
  if (/^[a-z-]+:\/\//.test(value) || value.startsWith('target:'))
    throw new CliError(`build context ${name}: ${value} is of a kind that is not supported by Berth`);
  const stat = statSync(value, { throwIfNoEntry: false });
  if (!stat) throw new CliError(`failed to get build context ${name}: stat ${value}: no such file or directory`);
  if (!stat.isDirectory()) throw new CliError(`failed to get build context path ${value}: not a directory`);
  const { root, rules } = await directorySource(value, { file: '', stdin: Buffer.alloc(0) });
  const files = sendable(walkContext(root, { rules }));
  try {
    const { id } = await sendByListing(context.client, files, {
      cache: openHashCache(cacheFolder(context.env), root),
    });
    return `context:${id}`;
  } catch (error) {
    if (!isBerthError(error, 'not-found')) throw error;
    throw new CliError(`--build-context needs an engine of Berth; the one at ${context.host} is another`);
  }
}
