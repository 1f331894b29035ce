import { basicChallenge, crowded } from './challenge.ts';
import { isCrowded, type Logins, parseBasic } from './logins.ts';
import type { Refusal } from './model.ts';
import type { Policy } from './policy.ts';
import { cutDown, parseScopes } from './scope.ts';
import type { TokenIssuer } from './token-issuer.ts';

/** A request to our token service: `GET` with Basic or without, or `POST` with a form (OAuth 2). */
export interface TokenAsking {
  authorization: string | undefined;
  /** Of the query, or of the form where there is one. */
  parameters: URLSearchParams;
  /** True for `POST`. */
  form: boolean;
}

/** JSON of the distribution specification's token answer, or a refusal. */
export type TokenAnswer = { token: Record<string, unknown> } | { refusal: Refusal | UnknownGrant };

export interface UnknownGrant {
  status: 400;
  code: 'UNSUPPORTED';
  message: string;
  headers: Readonly<Record<string, string>>;
}

export interface TokenEndpoint {
  ask(asking: TokenAsking): Promise<TokenAnswer>;
}

interface TokenEndpointOptions {
  issuing: TokenIssuer;
  logins: Logins;
  policy: Policy;
  service: string;
}

/** What a client proved: `name` undefined is anybody. */
type Proof = { name: string | undefined } | { refusal: Refusal | UnknownGrant };

export function createTokenEndpoint({ issuing, logins, policy, service }: TokenEndpointOptions): TokenEndpoint {
  const wrong = basicChallenge(service);
  const byPassword = async (login: { name: string; password: string } | undefined): Promise<Proof> => {
    try {
      const right = login !== undefined && (await logins.verify(login.name, login.password));
      return right ? { name: login.name } : { refusal: wrong };
    } catch (error) {
      if (!isCrowded(error)) throw error;
      return { refusal: crowded() };
    }
  };
  const byForm = async (form: URLSearchParams): Promise<Proof> => {
    const [name, password] = [form.get('username'), form.get('password')];
    if (form.get('grant_type') === 'password')
      return byPassword(name === null || password === null ? undefined : { name, password });
    if (form.get('grant_type') !== 'refresh_token') return { refusal: unknownGrant() };
    const user = await issuing.readRefresh(form.get('refresh_token') ?? '');
    return user === undefined ? { refusal: wrong } : { name: user };
  };
  return {
    ask: async ({ authorization, parameters, form }) => {
      let proof: Proof;
      if (form) proof = await byForm(parameters);
      else if (authorization !== undefined) proof = await byPassword(parseBasic(authorization));
      else proof = policy.opensToAnybody ? { name: undefined } : { refusal: wrong };
      if ('refusal' in proof) return proof;
      const { name } = proof;
      const wanted = parseScopes(parameters.getAll('scope'));
      const access = cutDown(wanted, (repository, action) => policy.may(name, repository, action));
      const token = await issuing.issue(name, access);
      const keeps = parameters.get('offline_token') === 'true' || parameters.get('access_type') === 'offline';
      return {
        token: {
          token,
          access_token: token,
          expires_in: issuing.lifetime,
          issued_at: new Date().toISOString(),
          ...(form ? { scope: access.map((grant) => `${grant.type}:${grant.name}:${grant.actions}`).join(' ') } : {}),
          ...(keeps && name !== undefined ? { refresh_token: await issuing.issueRefresh(name) } : {}),
        },
      };
    },
  };
}

function unknownGrant(): UnknownGrant {
  return {
    status: 400,
    code: 'UNSUPPORTED',
    message: 'grant_type must be password or refresh_token',
    headers: {},
  };
}
