import { BerthError } from './errors.ts';

/** A Git address that may be stored and shown, and the variables that give git what it said of a user. */
export interface BareAddress {
  url: string;
  /** Empty when it said nothing. To be added to the environment that was given. */
  environment: Record<string, string>;
}

/**
 * Takes user and password out of an address: git would write them to `.git/config`, and `ps` would show them. With http(s)
 * git learns them by a credential helper that is in its environment alone and answers for this host only, so that neither
 * a redirection nor a submodule elsewhere gets them. ssh keeps its user. `env`: what git's environment is going to be.
 * Errors: invalid (control characters in them).
 */
export function separateCredentials(url: string, env: Readonly<Record<string, string | undefined>>): BareAddress {
  const [, start = '', userinfo, rest = ''] = /^((?:https?|ssh):\/\/)(?:([^/?#]*)@)?(.*)$/s.exec(url) ?? [];
  if (userinfo === undefined) return { url, environment: {} };
  const colon = userinfo.indexOf(':');
  const name = colon < 0 ? userinfo : userinfo.slice(0, colon);
  if (start === 'ssh://') return { url: `${start}${name}@${rest}`, environment: {} };
  const [user, password] = [decoded(name), colon < 0 ? '' : decoded(userinfo.slice(colon + 1))];
  const host = `${start}${/^[^/?#]*/.exec(rest)?.[0] ?? ''}`;
  const count = Number(env['GIT_CONFIG_COUNT'] ?? 0) || 0;
  return {
    url: start + rest,
    environment: {
      // Nothing first: helpers of the user's own files are for other addresses.
      [`GIT_CONFIG_KEY_${count}`]: `credential.${host}.helper`,
      [`GIT_CONFIG_VALUE_${count}`]: '',
      [`GIT_CONFIG_KEY_${count + 1}`]: `credential.${host}.helper`,
      [`GIT_CONFIG_VALUE_${count + 1}`]: HELPER,
      GIT_CONFIG_COUNT: String(count + 2),
      BERTH_GIT_USER: user,
      BERTH_GIT_PASSWORD: password,
    },
  };
}

const HELPER =
  '!f() { test "$1" != get || printf "username=%s\\npassword=%s\\n" "$BERTH_GIT_USER" "$BERTH_GIT_PASSWORD"; }; f';

function decoded(text: string): string {
  let value = text;
  try {
    value = decodeURIComponent(text);
  } catch {
    // A stray percent sign stands for itself.
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\0-\x1f\x7f]/.test(value))
    throw new BerthError('invalid', 'invalid Git address: control characters in its user or password');
  return value;
}
