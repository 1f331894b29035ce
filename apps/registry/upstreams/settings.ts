import { readFileSync } from 'node:fs';
import { BerthError } from '@berth/kit';
import { isLoopback } from '@berth/oci';

/** A registry whose content is fetched and kept when it is asked for. */
export interface UpstreamSettings {
  /**
   * Where it lies here: `docker.io` makes its `library/busybox` our `docker.io/library/busybox`. Empty: at the root, as
   * Docker's `registry-mirrors` wants it. Clients that name the registry (`?ns=`) mean this as well.
   */
  prefix: string;
  /** `https://registry-1.docker.io`. */
  url: string;
  username?: string | undefined;
  password?: string | undefined;
  /** File with the password, in place of `password`. */
  passwordFile?: string | undefined;
  /** Tags are believed for so long. Milliseconds. */
  ttl: number;
  /** What was not there is not asked for again for so long. Milliseconds. */
  negativeTtl: number;
  /** Further hosts (`HOST` or `HOST:PORT`) of its token service: only they, and its own host, are sent the password. */
  tokenHosts: readonly string[];
  /** Its certificate is not checked, and plain HTTP is taken although it is on another machine. */
  insecure: boolean;
}

/** An upstream that can be asked. */
export interface CheckedUpstream {
  prefix: string;
  /** With `/` as its path. */
  url: URL;
  insecure: boolean;
  credentials: { username: string; password: string } | undefined;
  /** `HOST[:PORT]` that the credentials may be sent to. */
  trusted: ReadonlySet<string>;
  ttl: number;
  negativeTtl: number;
}

/** Token services of well-known registries that are on a host of their own. */
const TOKEN_HOSTS: Record<string, string> = {
  'registry-1.docker.io': 'auth.docker.io',
  'registry.gitlab.com': 'gitlab.com',
  'nvcr.io': 'authn.nvidia.com',
};

/** Errors: invalid, naming what is wrong. */
export function checkUpstreams(all: readonly UpstreamSettings[]): CheckedUpstream[] {
  const checked = all.map(check);
  const twice = checked.find(({ prefix }, n) => checked.findIndex((other) => other.prefix === prefix) !== n);
  if (twice) throw new BerthError('invalid', `two upstreams have the prefix ${JSON.stringify(twice.prefix)}`);
  return checked;
}

function check(settings: UpstreamSettings): CheckedUpstream {
  const { prefix, insecure, ttl, negativeTtl } = settings;
  const wrong = (what: string, hint?: string) =>
    new BerthError('invalid', `upstream ${JSON.stringify(prefix)}: ${what}`, hint === undefined ? {} : { hint });
  // A host with a port cannot be a part of a repository name: its colon is written as a hyphen.
  if (!/^(?:[a-z0-9]+(?:[._-]+[a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-]+[a-z0-9]+)*)*)?$/.test(prefix))
    throw wrong('its prefix can be no part of a repository name');
  const url = new URL('/', settings.url);
  const credentials = credentialsOf(settings, wrong);
  const plain = url.protocol === 'http:';
  if (plain && !insecure && !isLoopback(url.hostname)) {
    throw wrong(`${settings.url} is plain HTTP on another machine`, 'Say "insecure": true when that is what you mean.');
  }
  const known = TOKEN_HOSTS[url.host];
  const trusted = new Set([url.host, ...(known === undefined ? [] : [known]), ...settings.tokenHosts]);
  return {
    prefix,
    url,
    insecure: insecure || plain || isLoopback(url.hostname),
    credentials,
    trusted,
    ttl,
    negativeTtl,
  };
}

function credentialsOf(
  { username, password, passwordFile }: UpstreamSettings,
  wrong: (what: string) => BerthError,
): { username: string; password: string } | undefined {
  if (username === undefined && password === undefined && passwordFile === undefined) return undefined;
  if (username === undefined || (password === undefined) === (passwordFile === undefined))
    throw wrong('a username goes with either a password or a passwordFile');
  if (password !== undefined) return { username, password };
  try {
    return { username, password: readFileSync(passwordFile ?? '', 'utf8').trimEnd() };
  } catch (cause) {
    throw wrong(`its passwordFile cannot be read: ${cause instanceof Error ? cause.message : cause}`);
  }
}
