import { randomUUID } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { isGrants } from './grants.ts';
import type { Logins } from './logins.ts';
import type { Grant } from './scope.ts';
import type { TokenKey } from './token-key.ts';

/** Makes and reads our own tokens. */
export interface TokenIssuer {
  /** Seconds. */
  readonly lifetime: number;
  /** A token for the registry itself; `name` undefined for anybody. */
  issue(name: string | undefined, access: readonly Grant[]): Promise<string>;
  /** Who has this token and what it gives, undefined when it is not valid. A changed password voids it at once. */
  read(token: string): Promise<{ name: string | undefined; access: readonly Grant[] } | undefined>;
  /** What a client keeps in the place of a password, for getting tokens. */
  issueRefresh(name: string): Promise<string>;
  /** The user of a refresh token, undefined when it is not valid. */
  readRefresh(token: string): Promise<string | undefined>;
}

interface TokenIssuerOptions {
  key: TokenKey;
  /** Names this registry in its tokens. */
  service: string;
  logins: Pick<Logins, 'stampOf'>;
  /** Seconds. */
  lifetime: number;
}

const ISSUER = 'berth-registry';
const ALGORITHM = 'ES256';
/** Clocks of processes that share a key, in seconds. */
const CLOCK_TOLERANCE = 5;
const REFRESH_LIFETIME = '90 days';
const TOKEN_MAX = 64 * 1024;

export function createTokenIssuer({ key, service, logins, lifetime }: TokenIssuerOptions): TokenIssuer {
  const refreshAudience = `${service} refresh`;
  const sign = (claims: Record<string, unknown>, name: string | undefined, audience: string, expiry: string) =>
    new SignJWT(claims)
      .setProtectedHeader({ alg: ALGORITHM, typ: 'JWT', kid: key.id })
      .setIssuer(ISSUER)
      .setSubject(name ?? '')
      .setAudience(audience)
      .setIssuedAt()
      .setNotBefore('0s')
      .setExpirationTime(expiry)
      .setJti(randomUUID())
      .sign(key.privateKey);
  const verify = async (token: string, audience: string) => {
    if (token.length > TOKEN_MAX) return undefined;
    try {
      const { payload } = await jwtVerify(token, key.publicKey, {
        issuer: ISSUER,
        audience,
        algorithms: [ALGORITHM],
        requiredClaims: ['sub', 'exp', 'iat'],
        clockTolerance: CLOCK_TOLERANCE,
      });
      const name = payload.sub === '' ? undefined : payload.sub;
      if (name !== undefined && (await logins.stampOf(name)) !== payload['stamp']) return undefined;
      return { name, payload };
    } catch {
      // Forged, expired or not for us: all the same to whoever sent it.
      return undefined;
    }
  };
  const stamped = async (name: string | undefined) =>
    name === undefined ? {} : { stamp: (await logins.stampOf(name)) ?? '' };
  return {
    lifetime,
    issue: async (name, access) => sign({ access, ...(await stamped(name)) }, name, service, `${lifetime}s`),
    read: async (token) => {
      const read = await verify(token, service);
      const access = read?.payload['access'];
      return read !== undefined && isGrants(access) ? { name: read.name, access } : undefined;
    },
    issueRefresh: async (name) => sign(await stamped(name), name, refreshAudience, REFRESH_LIFETIME),
    readRefresh: async (token) => (await verify(token, refreshAudience))?.name,
  };
}
