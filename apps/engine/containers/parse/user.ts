import { BerthError } from '@berth/kit';

/** Who a process runs as. */
export interface ResolvedUser {
  uid: number;
  gid: number;
  /**
   * Supplementary groups, the primary group first: without it in the list, a set-gid program could drop out of a group
   * and so get around permissions that are denied to that group (CVE-2022-36109).
   */
  additionalGids: number[];
  home: string;
}

const MAX_ID = 2 ** 31 - 1;
const MAX_FILE = 10 * 1024 * 1024;

/**
 * Resolves `user`, `uid`, `user:group`, `uid:gid` against the container's own files, as Docker does. Only a plain decimal
 * number is taken as an id, and then never as a name: a user called "1000" in a hostile image cannot make 1000 mean 0.
 * A user given by id need not be in the file. `passwd` and `group` are the files' contents, undefined when missing;
 * files over 10 MiB are refused.
 * Errors: invalid (`unable to find user x: no matching entries in passwd file`, `uids and gids must be in range …`).
 */
export function resolveUser(
  user: string,
  passwd: Uint8Array | undefined,
  group: Uint8Array | undefined,
  groupAdd: readonly string[] = [],
): ResolvedUser {
  const colon = user.indexOf(':');
  const userPart = colon < 0 ? user : user.slice(0, colon);
  const groupPart = colon < 0 ? '' : user.slice(colon + 1);
  const wantedUid = userPart === '' ? 0 : parseId(userPart);
  const entry = findUser(linesOf(passwd, 'passwd'), wantedUid ?? userPart);
  if (!entry && wantedUid === undefined) {
    throw new BerthError('invalid', `unable to find user ${userPart}: no matching entries in passwd file`);
  }
  const groups = groupPart !== '' || entry || groupAdd.length > 0 ? parseGroups(linesOf(group, 'group')) : [];
  const gid = groupPart === '' ? (entry?.gid ?? 0) : gidOf(groupPart, groups);
  const joined =
    groupPart === '' && entry ? groups.filter((g) => g.members.includes(entry.name)).map((g) => g.gid) : [];
  const added = groupAdd.map((name) => gidOf(name, groups));
  return {
    uid: wantedUid ?? entry?.uid ?? 0,
    gid,
    additionalGids: [...new Set([gid, ...joined, ...added])],
    home: entry?.home || '/',
  };
}

interface UserEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

/** First line with this name, or with this id. Lines whose numbers are no ids are passed over, never read as 0. */
function findUser(lines: Iterable<string>, wanted: string | number): UserEntry | undefined {
  for (const line of lines) {
    const [name = '', , uidText = '', gidText = '', , home = ''] = line.split(':', 7);
    const uid = idOf(uidText);
    const gid = idOf(gidText);
    if (uid === undefined || gid === undefined) continue;
    if (typeof wanted === 'number' ? uid === wanted : name === wanted) return { name, uid, gid, home };
  }
  return undefined;
}

function parseGroups(lines: Iterable<string>): GroupEntry[] {
  const groups: GroupEntry[] = [];
  for (const line of lines) {
    const [name = '', , gidText = '', members = ''] = line.split(':', 4);
    const gid = idOf(gidText);
    if (gid !== undefined) groups.push({ name, gid, members: members.split(',') });
  }
  return groups;
}

function gidOf(wanted: string, groups: GroupEntry[]): number {
  const gid = parseId(wanted) ?? groups.find((group) => group.name === wanted)?.gid;
  if (gid === undefined) {
    throw new BerthError('invalid', `unable to find group ${wanted}: no matching entries in group file`);
  }
  return gid;
}

/** A decimal number as id, undefined for a name; numbers that the kernel would wrap around are refused. */
function parseId(word: string): number | undefined {
  if (!/^(-?[1-9]\d*|0)$/.test(word)) return undefined;
  const id = idOf(word);
  if (id === undefined) throw new BerthError('invalid', `uids and gids must be in range 0-${MAX_ID}`);
  return id;
}

function idOf(digits: string): number | undefined {
  return /^(0|[1-9]\d{0,9})$/.test(digits) && Number(digits) <= MAX_ID ? Number(digits) : undefined;
}

function* linesOf(file: Uint8Array | undefined, name: string): Generator<string> {
  if (!file) return;
  if (file.length > MAX_FILE) {
    throw new BerthError(
      'invalid',
      `the container's ${name} file is too large: ${file.length} bytes, at most ${MAX_FILE} are read`,
    );
  }
  const bytes = Buffer.from(file.buffer, file.byteOffset, file.length);
  for (let start = 0; start < bytes.length; ) {
    const end = bytes.indexOf(10, start);
    const stop = end < 0 ? bytes.length : end;
    const line = bytes.toString('utf8', start, stop).trim();
    if (line !== '' && !line.startsWith('#')) yield line;
    start = stop + 1;
  }
}
