import type { Logger } from '@berth/kit';
import { basicChallenge, bearerChallenge, crowded, denied } from './challenge.ts';
import { checkAccess, modeOf, policyOf } from './check-access.ts';
import { type ForeignIssuer, openForeignTokens } from './foreign-tokens.ts';
import { isCrowded, type Logins, openLogins, parseBasic } from './logins.ts';
import type { AccessControl, Caller, Need } from './model.ts';
import type { Policy, RuleText } from './policy.ts';
import { type Grant, gives } from './scope.ts';
import { createTokenEndpoint, type TokenEndpoint } from './token-endpoint.ts';
import { createTokenIssuer, type TokenIssuer } from './token-issuer.ts';
import { openTokenKey } from './token-key.ts';

/** How a registry decides who may what. Without users and without an issuer, the rules can only speak of anybody. */
export interface AccessSettings {
  /** A file of users, see `openHtpasswd`. */
  htpasswd?: string | undefined;
  /** Without any: users may everything where there are users, else anybody may. */
  rules?: readonly RuleText[] | undefined;
  /**
   * How users of the file prove themselves: name and password with each request, or for a token of ours. Without it:
   * `token` where a rule opens something to anybody (Docker's client cannot do both with `basic`), else `basic`.
   */
  mode?: 'basic' | 'token' | undefined;
  /** Tokens of somebody else, in the place of a file of users. */
  issuer?: ForeignIssuer | undefined;
  /** Named in challenges and tokens. */
  service: string;
  /** Where the key of our own tokens is, or is made. */
  tokenKey: string;
  /** Of our own tokens, in seconds. */
  tokenLifetime: number;
}

/** Access control, and with tokens of our own the place where they are had. */
export interface OpenedControl {
  control: AccessControl;
  tokens: TokenEndpoint | undefined;
}

/** Path of our own token service. */
export const TOKEN_PATH = '/token';

/** Errors: invalid, naming the setting or file that is wrong. */
export async function openControl(settings: AccessSettings, logger: Logger): Promise<OpenedControl> {
  checkAccess(settings);
  const { htpasswd, issuer } = settings;
  if (issuer !== undefined) return { control: await foreignControl(issuer), tokens: undefined };
  const policy = policyOf(settings);
  if (htpasswd === undefined) return { control: openToAnybody(policy), tokens: undefined };
  const logins = await openLogins(htpasswd, logger);
  if (modeOf(settings) === 'basic')
    return { control: basicControl(logins, policy, settings.service), tokens: undefined };
  const { service, tokenKey, tokenLifetime } = settings;
  const issuing = createTokenIssuer({ key: await openTokenKey(tokenKey), service, logins, lifetime: tokenLifetime });
  return {
    control: tokenControl({ issuing, logins, policy, service }),
    tokens: createTokenEndpoint({ issuing, logins, policy, service }),
  };
}

function callerOf(name: string | undefined, policy: Policy): Caller {
  return {
    name,
    may: (need) => need === 'catalog' || policy.may(name, need.repository, need.action),
    sees: (repository) => policy.may(name, repository, 'pull'),
  };
}

function openToAnybody(policy: Policy): AccessControl {
  return {
    // Credentials are not asked for, so they are not looked at: there is nothing that they could be compared with.
    identify: async () => ({ caller: callerOf(undefined, policy) }),
    refuse: denied,
    asksAtRoot: false,
    close: async () => undefined,
  };
}

function basicControl(logins: Logins, policy: Policy, realm: string): AccessControl {
  return {
    identify: async ({ authorization }) => {
      if (authorization === undefined) return { caller: callerOf(undefined, policy) };
      const basic = parseBasic(authorization);
      try {
        if (basic !== undefined && (await logins.verify(basic.name, basic.password)))
          return { caller: callerOf(basic.name, policy) };
      } catch (error) {
        if (!isCrowded(error)) throw error;
        return { refusal: crowded() };
      }
      return { refusal: basicChallenge(realm) };
    },
    refuse: (caller) => (caller.name === undefined ? basicChallenge(realm) : denied()),
    asksAtRoot: true,
    close: () => logins.close(),
  };
}

interface TokenControlOptions {
  issuing: TokenIssuer;
  logins: Logins;
  policy: Policy;
  service: string;
}

/** Tokens of our own; and Basic with the same passwords, which people use with curl. */
function tokenControl({ issuing, logins, policy, service }: TokenControlOptions): AccessControl {
  const basic = basicControl(logins, policy, service);
  const at = (origin: string) => ({ realm: `${origin}${TOKEN_PATH}`, service });
  return {
    identify: async (asking) => {
      const { authorization, origin } = asking;
      if (authorization === undefined) return { caller: withoutToken() };
      const token = bearerOf(authorization);
      if (token === undefined) {
        const known = await basic.identify(asking);
        return 'refusal' in known && known.refusal.status === 401
          ? { refusal: bearerChallenge(at(origin), []) }
          : known;
      }
      const read = await issuing.read(token);
      if (read === undefined) return { refusal: bearerChallenge(at(origin), [], 'invalid_token') };
      const user = callerOf(read.name, policy);
      return { caller: { ...withToken(read.name, read.access, user.may), sees: user.sees } };
    },
    refuse: (caller, needs, { authorization, origin }) => {
      const token = authorization === undefined ? undefined : bearerOf(authorization);
      if (authorization !== undefined && token === undefined && caller.name !== undefined) return denied();
      return bearerChallenge(at(origin), needs, token === undefined ? undefined : 'insufficient_scope');
    },
    asksAtRoot: true,
    close: () => logins.close(),
  };
}

async function foreignControl(issuer: ForeignIssuer): Promise<AccessControl> {
  const tokens = await openForeignTokens(issuer);
  return {
    identify: async ({ authorization }) => {
      if (authorization === undefined) return { caller: withoutToken() };
      const token = bearerOf(authorization);
      const read = token === undefined ? undefined : await tokens.read(token);
      if (read === undefined) {
        return { refusal: bearerChallenge(issuer, [], token === undefined ? undefined : 'invalid_token') };
      }
      return { caller: withToken(read.name, read.access, () => true) };
    },
    refuse: (_caller, needs, { authorization }) =>
      bearerChallenge(issuer, needs, authorization === undefined ? undefined : 'insufficient_scope'),
    asksAtRoot: true,
    close: async () => undefined,
  };
}

/** May nothing: anybody's rights are had with a token too. Clients ask for one because they are asked to. */
function withoutToken(): Caller {
  return { name: undefined, may: () => false, sees: () => false };
}

function withToken(name: string | undefined, grants: readonly Grant[], policy: (need: Need) => boolean): Caller {
  return { name, may: (need) => gives(grants, need) && policy(need), sees: () => gives(grants, 'catalog') };
}

function bearerOf(authorization: string): string | undefined {
  return /^bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1];
}
