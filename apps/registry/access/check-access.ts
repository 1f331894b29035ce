import { BerthError } from '@berth/kit';
import { checkForeignIssuer, openForeignTokens } from './foreign-tokens.ts';
import { readUsers } from './htpasswd.ts';
import type { AccessSettings } from './open-control.ts';
import { ANYBODY, ANYBODY_MAY_ALL, createPolicy, type Policy, USERS_MAY_ALL } from './policy.ts';
import { readTokenKey } from './token-key.ts';

/** What of the settings goes together, without opening anything. Errors: invalid, naming the setting. */
export function checkAccess(settings: Pick<AccessSettings, 'htpasswd' | 'issuer' | 'mode' | 'rules'>): void {
  const { htpasswd, issuer, mode, rules } = settings;
  if (issuer !== undefined) {
    if (htpasswd !== undefined || mode !== undefined || rules !== undefined)
      throw new BerthError(
        'invalid',
        'with a token service of somebody else there are no users, modes or rules of ours',
      );
    checkForeignIssuer(issuer);
    return;
  }
  const policy = policyOf(settings);
  if (htpasswd === undefined && mode !== undefined)
    throw new BerthError('invalid', 'a mode of access needs a file of users');
  const unknown =
    htpasswd === undefined ? rules?.flatMap(({ who }) => who).find((name) => name !== ANYBODY) : undefined;
  if (unknown !== undefined)
    throw new BerthError('invalid', `a rule is for ${JSON.stringify(unknown)}, and there is no file of users`);
  if (mode === 'basic' && policy.opensToAnybody) {
    throw new BerthError('invalid', 'rules for anybody cannot be used with access mode "basic"', {
      hint: 'Docker asks once whether a registry wants passwords, and then sends none or always some. Use the mode "token".',
    });
  }
}

/** The rules, or what holds without any. Errors: invalid. */
export function policyOf({ htpasswd, rules }: Pick<AccessSettings, 'htpasswd' | 'rules'>): Policy {
  return createPolicy(rules ?? [htpasswd === undefined ? ANYBODY_MAY_ALL : USERS_MAY_ALL]);
}

/** How users prove themselves, see `AccessSettings`. */
export function modeOf({ mode, ...settings }: Pick<AccessSettings, 'htpasswd' | 'mode' | 'rules'>): 'basic' | 'token' {
  return mode ?? (policyOf(settings).opensToAnybody ? 'token' : 'basic');
}

/** Reads the files that are named, and makes none. Errors: invalid, naming the file. */
export async function checkAccessFiles(settings: AccessSettings): Promise<void> {
  const { htpasswd, issuer, tokenKey } = settings;
  if (issuer !== undefined) await openForeignTokens(issuer);
  if (htpasswd === undefined) return;
  await readUsers(htpasswd);
  if (modeOf(settings) === 'token') await readTokenKey(tokenKey);
}
