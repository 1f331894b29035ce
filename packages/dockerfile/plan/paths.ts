/**
 * Joins a path of an instruction with the folder that it is relative to, without `.`, `..` and doubled slashes. `keepSlash`
 * keeps a slash at the end, and gives `.` and an empty path one: they are folders.
 */
export function joinPath(folder: string | undefined, path: string, keepSlash = false): string {
  const absolute = path.startsWith('/') ? path : `${folder || '/'}/${path}`;
  const parts: string[] = [];
  for (const part of absolute.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const joined = `/${parts.join('/')}`;
  const last = path.slice(path.lastIndexOf('/') + 1);
  const folderMeant = last === '' || last === '.';
  return keepSlash && folderMeant && joined !== '/' ? `${joined}/` : joined;
}
