import { closeSync, fsyncSync, lstatSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { CliError } from '../../cli-error.ts';

/**
 * Writes what `open` gives to `path`: a regular file is replaced in one step when all of it has come, so that a broken
 * transfer leaves no half archive; a device or pipe is written to as it is. Throws CliError that begins with `failure`.
 */
export async function saveFile(
  path: string,
  open: () => Promise<AsyncIterable<Uint8Array>>,
  failure: string,
): Promise<void> {
  checkTarget(path, failure);
  if (isSpecial(path)) {
    const fd = openSync(path, 'w');
    try {
      for await (const chunk of await open()) writeAll(fd, chunk);
    } finally {
      closeSync(fd);
    }
    return;
  }
  const body = await open();
  const draft = join(dirname(path), `.tmp-${basename(path)}${process.pid}`);
  const fd = openSync(draft, 'wx', 0o600);
  try {
    for await (const chunk of body) writeAll(fd, chunk);
    fsyncSync(fd);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
}

function writeAll(fd: number, chunk: Uint8Array): void {
  for (let done = 0; done < chunk.length; ) done += writeSync(fd, chunk, done, chunk.length - done);
}

function checkTarget(path: string, failure: string): void {
  const folder = dirname(path);
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CliError(`${failure}: invalid output path: stat ${folder}: no such file or directory`);
  }
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new CliError(`${failure}: cannot write to a directory`);
  }
}

function isSpecial(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  return stat !== undefined && !stat.isFile();
}
