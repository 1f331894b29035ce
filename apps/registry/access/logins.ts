import { createHmac, randomBytes } from 'node:crypto';
import { BerthError, type Logger } from '@berth/kit';
import { openHtpasswd, type Users } from './htpasswd.ts';
import { createPasswordChecker, type PasswordChecker } from './password-checker.ts';

/** Names and passwords of a htpasswd file. */
export interface Logins {
  /** Whether this is the user's password. Errors: unavailable, when too many ask at once. */
  verify(name: string, password: string): Promise<boolean>;
  /** Stands for the user's password as of now, undefined for nobody: what was issued for another is void. */
  stampOf(name: string): Promise<string | undefined>;
  close(): Promise<void>;
}

/** Logins that were right are believed again for this long. Milliseconds. */
const TRUST = 5 * 60_000;
const TRUSTED_MAX = 1_000;
/** Longer ones are nobody's: bcrypt looks at 72 bytes. */
const PASSWORD_MAX = 1_024;
/** A hash of nothing that anybody knows: unknown users take as long as known ones. Its cost is replaced. */
const NOBODY = '$2b$10$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi';

/** Opens the file at `path`. Errors: invalid, when it cannot be used. */
export async function openLogins(
  path: string,
  logger: Logger,
  checker: PasswordChecker = createPasswordChecker(),
): Promise<Logins> {
  const file = await openHtpasswd(path, logger);
  const trusted = createTrusted();
  return {
    verify: async (name, password) => {
      const users = await file.users();
      if (password.length > PASSWORD_MAX || password.includes('\0')) return false;
      const hash = users.get(name);
      const key = trusted.keyOf(name, password, hash ?? '');
      if (hash !== undefined && trusted.has(key)) return true;
      const right = await checker.check(password, hash ?? hashOfNobody(users));
      if (!right || hash === undefined) return false;
      trusted.add(key);
      return true;
    },
    stampOf: async (name) => {
      const hash = (await file.users()).get(name);
      return hash === undefined ? undefined : createHmac('sha256', hash).update(name).digest('base64url').slice(0, 22);
    },
    close: () => checker.close(),
  };
}

/**
 * Logins that were right of late. They are kept as keyed hashes that hold the stored hash too: no password stays in
 * memory, and one that was changed is not believed.
 */
function createTrusted() {
  const secret = randomBytes(32);
  const until = new Map<string, number>();
  return {
    keyOf: (name: string, password: string, hash: string) =>
      createHmac('sha256', secret)
        .update(JSON.stringify([name, password, hash]))
        .digest('base64'),
    has: (key: string) => (until.get(key) ?? 0) > performance.now(),
    add: (key: string) => {
      until.delete(key);
      until.set(key, performance.now() + TRUST);
      const [oldest] = until.keys();
      if (until.size > TRUSTED_MAX && oldest !== undefined) until.delete(oldest);
    },
  };
}

/** Costs as much as most of the users' hashes do. */
function hashOfNobody(users: Users): string {
  const counts = new Map<string, number>();
  for (const hash of users.values()) counts.set(hash.slice(4, 6), (counts.get(hash.slice(4, 6)) ?? 0) + 1);
  const [cost = '10'] = [...counts].sort((a, b) => b[1] - a[1]).map(([of]) => of);
  return `${NOBODY.slice(0, 4)}${cost}${NOBODY.slice(6)}`;
}

/** Name and password of a Basic `Authorization` (RFC 7617), undefined for anything else. */
export function parseBasic(authorization: string): { name: string; password: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  if (encoded === undefined || encoded.length > 4_096) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon < 0 ? undefined : { name: text.slice(0, colon), password: text.slice(colon + 1) };
}

/** True for an error that says: too many at once. */
export function isCrowded(error: unknown): error is BerthError {
  return error instanceof BerthError && error.code === 'unavailable';
}
