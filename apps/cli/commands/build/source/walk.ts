import { accessSync, constants, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { errnoOf } from '@berth/kit';
import { CliError } from '../../../cli-error.ts';
import type { IgnoreRules } from './ignore-rules.ts';

/** A file of a context on this machine. */
export interface SourceFile {
  /** In the context, with `/`. */
  path: string;
  /** On this machine. */
  full: string;
  type: 'file' | 'directory' | 'symlink' | 'fifo' | 'device';
  stat: Stats;
  /** Target of a symbolic link. */
  link?: string;
}

/** What a walk leaves to its caller. */
export interface WalkOptions {
  rules: IgnoreRules;
  /** False: nothing below this directory is wanted, nor the file itself. */
  wanted?: (path: string, isDirectory: boolean) => boolean;
}

/**
 * The files of a context directory that are to be sent, in the order of names, parents first. Symbolic links stay what they
 * are, sockets are passed over. Throws CliError, in Docker's words, for what may not be read.
 */
export function walkContext(root: string, { rules, wanted = () => true }: WalkOptions): SourceFile[] {
  const found: SourceFile[] = [];
  /** Excluded directories that had to be sent for what is in them. */
  const sent = new Set<SourceFile>();
  const mayNotRead = process.getuid?.() === 0 ? () => false : isUnreadable;
  const visit = (folder: string, prefix: string, parents: readonly SourceFile[]) => {
    for (const name of list(folder)) {
      const path = prefix + name;
      const full = `${folder}/${name}`;
      const stat = lstatSync(full, { throwIfNoEntry: false });
      if (!stat && name.includes('\ufffd'))
        throw new CliError(`cannot send the build context: the name ${JSON.stringify(path)} is not UTF-8`);
      if (!stat || stat.isSocket()) continue; // gone since, or of no use in an image
      const isDirectory = stat.isDirectory();
      const excluded = rules.verdict(path).excluded;
      if (excluded && (!isDirectory || rules.isPruned(path))) continue;
      if (!wanted(path, isDirectory)) continue;
      const file = describe(path, full, stat);
      if (excluded) {
        // Only on the way to what is included again below it.
        visit(full, `${path}/`, [...parents, file]);
        continue;
      }
      if (file.type === 'file' && mayNotRead(full)) throw unreadable(full);
      for (const parent of parents) {
        if (sent.has(parent)) continue;
        sent.add(parent);
        found.push(parent);
      }
      found.push(file);
      if (isDirectory) visit(full, `${path}/`, []);
    }
  };
  visit(root, '', []);
  return found;
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort(byBytes);
  } catch (error) {
    if (errnoOf(error) === 'EACCES' || errnoOf(error) === 'EPERM') throw unreadable(folder);
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** The order of the names' bytes; that of UTF-16 is another only beyond the basic plane. */
function byBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function describe(path: string, full: string, stat: Stats): SourceFile {
  if (stat.isSymbolicLink()) return { path, full, stat, type: 'symlink', link: readlinkSync(full) };
  if (stat.isDirectory()) return { path, full, stat, type: 'directory' };
  if (stat.isFile()) return { path, full, stat, type: 'file' };
  return { path, full, stat, type: stat.isFIFO() ? 'fifo' : 'device' };
}

function isUnreadable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return false;
  } catch (error) {
    return errnoOf(error) === 'EACCES';
  }
}

/** Docker's sentence. */
export function unreadable(path: string): CliError {
  return new CliError(`error checking context: no permission to read from '${path}'`);
}
