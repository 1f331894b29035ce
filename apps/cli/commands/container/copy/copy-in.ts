import { lstatSync, realpathSync } from 'node:fs';
import { posix } from 'node:path';
import { copyToContainer, statContainerPath } from '@berth/client';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import { descriptorChunks } from '../../image/file-chunks.ts';
import { describeFileError } from './file-error.ts';
import { checkDestinationMode, GO_DIRECTORY, GO_LINK } from './modes.ts';
import { packTree } from './pack-tree.ts';
import { type CopyEnd, CopyError, keepEnd, planCopy, rebased, splitEnd } from './paths.ts';
import { CopyProgress } from './progress.ts';

/** What the command line asks for. */
export interface CopyWish {
  container: string;
  source: string;
  destination: string;
  quiet: boolean;
  followLink: boolean;
  archive: boolean;
}

/** Copies a local file or directory, or an archive from stdin, into a container. */
export async function copyIn(context: Context, wish: CopyWish): Promise<void> {
  const { container, source, destination } = wish;
  // Said before the engine is asked, as with Docker.
  const local = source === '-' ? undefined : keepEnd(posix.resolve(source), source);
  const to = await containerEnd(context, container, destination);
  let directory = to.path;
  let archive: AsyncIterable<Uint8Array>;
  if (local === undefined) {
    if (!to.isDirectory) throw new CliError(`destination "${container}:${destination}" must be a directory`);
    archive = descriptorChunks(context.in.fd);
  } else {
    try {
      const from = localEnd(local, wish.followLink);
      const plan = planCopy(from, to);
      directory = plan.directory;
      archive = packTree(from, plan.rename);
    } catch (error) {
      throw error instanceof CopyError ? new CliError(error.message) : describeFileError(error);
    }
  }
  const options = { copyUidGid: wish.archive };
  if (wish.quiet) return copyToContainer(context.client, container, directory, archive, options);
  const progress = new CopyProgress(context, 'Copying to container - ');
  progress.begin();
  try {
    const counted = local === undefined ? archive : progress.count(archive);
    await copyToContainer(context.client, container, directory, counted, options);
  } finally {
    progress.end();
  }
  progress.succeeded(`${container}:${to.path}`);
}

/** What is at the destination. What cannot be looked at is left to the engine: a new name in a directory may be meant. */
async function containerEnd(context: Context, container: string, path: string): Promise<CopyEnd> {
  const end: CopyEnd = { path, exists: false, isDirectory: false, rebaseName: '' };
  let stat = await statContainerPath(context.client, container, path).catch(() => undefined);
  if (stat && stat.mode & GO_LINK) {
    const target = stat.linkTarget;
    end.path = target.startsWith('/') ? target : posix.join(splitEnd(path).directory, target);
    stat = await statContainerPath(context.client, container, end.path).catch(() => undefined);
  }
  if (!stat) return end;
  checkDestinationMode(stat.mode, `destination "${container}:${path}" must be a directory or a regular file`);
  return { ...end, exists: true, isDirectory: (stat.mode & GO_DIRECTORY) !== 0 };
}

/** The source, with links followed on the way to it, and at its end where that was asked for. */
function localEnd(path: string, followLink: boolean): CopyEnd {
  let found: { path: string; rebaseName: string };
  if (followLink) found = rebased(path, realpathSync(path));
  else {
    const slash = path.lastIndexOf('/') + 1;
    const resolved = `${realpathSync(path.slice(0, slash) || '.').replace(/\/$/, '')}/${path.slice(slash)}`;
    const renamed = path.endsWith('/') && posix.basename(path) !== posix.basename(resolved);
    found = { path: resolved, rebaseName: renamed ? posix.basename(path) : '' };
  }
  return { ...found, exists: true, isDirectory: lstatSync(found.path).isDirectory() };
}
