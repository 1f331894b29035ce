import { invalidArchive } from './errors.ts';

/** Room for what stands before it when a layer is looked at from outside: PATH_MAX is 4,096. */
const PATH_LIMIT = 3900;

/**
 * The parts of an archive name, without slashes at the ends, `.` and `..`. Bytes stand as latin1 characters, so that any
 * name passes unchanged. Errors: invalid when `..` leads out of the archive.
 */
export function cleanPath(name: Buffer, subject: string): string[] {
  if (name.length > PATH_LIMIT) throw invalidArchive(subject, `a name has more than ${PATH_LIMIT} bytes`);
  const parts: string[] = [];
  for (const part of name.toString('latin1').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw invalidArchive(subject, 'a name leads outside of it');
  }
  return parts;
}
