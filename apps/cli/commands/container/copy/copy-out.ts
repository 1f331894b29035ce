import { lstatSync, readlinkSync, statSync } from 'node:fs';
import { posix } from 'node:path';
import { copyFromContainer, statContainerPath } from '@berth/client';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import type { CopyWish } from './copy-in.ts';
import { describeFileError } from './file-error.ts';
import { GO_DIRECTORY, GO_LINK } from './modes.ts';
import { type CopyEnd, CopyError, keepEnd, planCopy, type Rename, rebased, splitEnd } from './paths.ts';
import { CopyProgress } from './progress.ts';
import { unpackTree } from './unpack-tree.ts';

/** Copies a file or directory of a container to a local path, or as an archive to stdout. */
export async function copyOut(context: Context, wish: CopyWish): Promise<void> {
  const { client, out } = context;
  const toStdout = wish.destination === '-';
  const destination = toStdout ? '-' : keepEnd(posix.resolve(wish.destination), wish.destination);
  checkOutput(destination);
  const from = wish.followLink ? await followed(context, wish) : { path: wish.source, rebaseName: '' };
  const { stat, archive } = await copyFromContainer(client, wish.container, from.path);
  if (toStdout) {
    for await (const chunk of archive) {
      out.write(chunk);
      await out.drain();
    }
    return;
  }
  const source: CopyEnd = { ...from, exists: true, isDirectory: (stat.mode & GO_DIRECTORY) !== 0 };
  const progress = wish.quiet ? undefined : new CopyProgress(context, 'Copying from container - ');
  progress?.begin();
  try {
    const { directory, renames } = plan(source, destination);
    await unpackTree(progress ? progress.count(archive) : archive, directory, renames);
  } finally {
    progress?.end();
  }
  progress?.succeeded(destination);
}

function plan(source: CopyEnd, destination: string): { directory: string; renames: Rename[] } {
  try {
    const { directory, rename } = planCopy(source, localDestination(destination));
    const renames = rename ? [rename] : [];
    if (source.rebaseName !== '') renames.unshift({ from: splitEnd(source.path).base, to: source.rebaseName });
    return { directory, renames };
  } catch (error) {
    throw error instanceof CopyError ? new CliError(error.message) : describeFileError(error);
  }
}

/** The source with the link at its end followed. */
async function followed({ client }: Context, { container, source }: CopyWish) {
  const stat = await statContainerPath(client, container, source).catch(() => undefined);
  if (!stat || !(stat.mode & GO_LINK)) return { path: source, rebaseName: '' };
  const { linkTarget } = stat;
  const target = linkTarget.startsWith('/') ? linkTarget : posix.join(splitEnd(source).directory, linkTarget);
  return rebased(source, target);
}

const LINKS_MAX = 10;

/** What is at the destination, links at its end followed: their target is written to, also when it is not there yet. */
function localDestination(original: string): CopyEnd {
  let path = original;
  for (let links = 0; links <= LINKS_MAX; links++) {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat && !stat.isSymbolicLink()) return { path, exists: true, isDirectory: stat.isDirectory(), rebaseName: '' };
    if (!stat) {
      if (!statSync(splitEnd(path).directory).isDirectory()) throw new CopyError('not a directory');
      return { path, exists: false, isDirectory: false, rebaseName: '' };
    }
    const target = readlinkSync(path);
    path = target.startsWith('/') ? target : posix.join(splitEnd(path).directory, target);
  }
  throw new CopyError(`too many symlinks in ${original}`);
}

/** Throws CliError before anything is asked of the engine. */
function checkOutput(path: string): void {
  const folder = posix.dirname(posix.normalize(path).replace(/(?<=.)\/$/, ''));
  if (folder !== '' && folder !== '.' && !statSync(folder, { throwIfNoEntry: false })) {
    throw new CliError(`invalid output path: directory "${folder}" does not exist`);
  }
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat || stat.isDirectory() || stat.isFile()) return;
  if (stat.isCharacterDevice() || stat.isBlockDevice()) {
    throw new CliError(`invalid output path: "${path}" must be a directory or a regular file: got a device`);
  }
}
