import { readFile, stat } from 'node:fs/promises';
import { BerthError, type Logger } from '@berth/kit';

/** Users of a file and their bcrypt hashes. */
export type Users = ReadonlyMap<string, string>;

/** A file of users that may change while it is used. */
export interface HtpasswdFile {
  /** The users as of now. A file that became unreadable or wrong leaves those before it, and a line in the log. */
  users(): Promise<Users>;
}

const SIZE_MAX = 16 * 1024 * 1024;
const BCRYPT = /^\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}$/;

/**
 * Opens a file as Apache's `htpasswd -B` writes it: `NAME:HASH` in each line, bcrypt only, `#` begins a comment. Errors:
 * invalid, with file and line.
 */
export async function openHtpasswd(path: string, logger: Logger): Promise<HtpasswdFile> {
  let known = { version: await versionOf(path), users: await readUsers(path) };
  return {
    users: async () => {
      let version = 'missing';
      try {
        version = await versionOf(path);
        if (version !== known.version) {
          known = { version, users: await readUsers(path) };
          logger.info('users were read again', { path, users: known.users.size });
        }
      } catch (error) {
        // Said once for each state of the file.
        if (version !== known.version) logger.error('the file of users cannot be used; those before stay', { error });
        known = { version, users: known.users };
      }
      return known.users;
    },
  };
}

/** Reads the lines of such a file. Errors: invalid. */
export function parseHtpasswd(text: string, path: string): Users {
  const users = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    const entry = line.trim();
    if (entry === '' || entry.startsWith('#')) continue;
    const colon = entry.indexOf(':');
    const [name, hash] = [entry.slice(0, colon), entry.slice(colon + 1)];
    if (colon < 1 || !BCRYPT.test(hash)) {
      throw new BerthError('invalid', `${path}, line ${index + 1}: this is not NAME:HASH with a bcrypt hash`, {
        hint: 'Make entries with "htpasswd -nbB NAME PASSWORD"; other kinds of hashes are too weak and not accepted.',
      });
    }
    users.set(name, hash);
  }
  return users;
}

/** Reads such a file. Errors: invalid. */
export async function readUsers(path: string): Promise<Users> {
  let text: string;
  try {
    if ((await stat(path)).size > SIZE_MAX) throw new BerthError('invalid', `${path} is larger than ${SIZE_MAX} bytes`);
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof BerthError) throw cause;
    throw new BerthError('invalid', `the file of users cannot be read: ${path}`, { cause });
  }
  return parseHtpasswd(text, path);
}

async function versionOf(path: string): Promise<string> {
  const file = await stat(path, { bigint: true }).catch((cause: unknown) => {
    throw new BerthError('invalid', `the file of users cannot be read: ${path}`, { cause });
  });
  return `${file.dev} ${file.ino} ${file.size} ${file.mtimeNs} ${file.ctimeNs}`;
}
