import type { BuildSessionBody } from '@berth/contract';
import { BerthError } from '@berth/kit';

const SECRETS_MAX = 1000;
const NAME = /^[\w.:/@-]{1,255}$/;

/** A session's body with every member present. */
export type CheckedBody = Required<Omit<BuildSessionBody, 'context' | 'dockerfile'>> &
  Pick<BuildSessionBody, 'context' | 'dockerfile'>;

/** Validates the body of `POST /berth/v1/build/sessions`. Errors: invalid, naming the member. */
export function readSessionBody(body: Record<string, unknown>): CheckedBody {
  for (const key of Object.keys(body)) if (!MEMBERS.has(key)) throw wrong(key, 'is not known');
  return {
    ...(body.context !== undefined && { context: text(body, 'context') }),
    ...(body.dockerfile !== undefined && { dockerfile: text(body, 'dockerfile') }),
    namedContexts: texts(body, 'namedContexts'),
    secrets: texts(body, 'secrets'),
    ssh: list(body, 'ssh').map((id) => checkName('ssh', id)),
    noCacheFilter: list(body, 'noCacheFilter'),
    cacheTo: attributes(body, 'cacheTo'),
    cacheFrom: attributes(body, 'cacheFrom'),
    allow: list(body, 'allow'),
    progress: flag(body, 'progress'),
    untagged: flag(body, 'untagged'),
  };
}

const MEMBERS: ReadonlySet<string> = new Set<keyof BuildSessionBody>([
  ...(['context', 'dockerfile', 'namedContexts', 'secrets', 'ssh', 'noCacheFilter'] as const),
  ...(['cacheTo', 'cacheFrom', 'allow', 'progress', 'untagged'] as const),
]);

type Body = Record<string, unknown>;

function text(body: Body, key: keyof BuildSessionBody): string {
  const value = body[key];
  if (typeof value !== 'string') throw wrong(key, 'must be a text');
  return value;
}

function flag(body: Body, key: keyof BuildSessionBody): boolean {
  const value = body[key] ?? false;
  if (typeof value !== 'boolean') throw wrong(key, 'must be true or false');
  return value;
}

function list(body: Body, key: keyof BuildSessionBody): string[] {
  const value = body[key] ?? [];
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    throw wrong(key, 'must be a list of texts');
  return value;
}

/** Name → text. */
function texts(body: Body, key: keyof BuildSessionBody): Record<string, string> {
  const value = body[key] ?? {};
  if (!isTexts(value)) throw wrong(key, 'must be an object of texts');
  if (Object.keys(value).length > SECRETS_MAX) throw wrong(key, `has more than ${SECRETS_MAX} members`);
  for (const name of Object.keys(value)) checkName(key, name);
  return value;
}

function attributes(body: Body, key: keyof BuildSessionBody): Record<string, string>[] {
  const value = body[key] ?? [];
  if (!Array.isArray(value) || !value.every(isTexts)) throw wrong(key, 'must be a list of objects of texts');
  return value;
}

function isTexts(value: unknown): value is Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((one) => typeof one === 'string');
}

function checkName(key: string, name: string): string {
  if (!NAME.test(name)) throw wrong(key, `has a name that cannot be one: ${JSON.stringify(name.slice(0, 100))}`);
  return name;
}

function wrong(key: string, what: string): BerthError {
  return new BerthError('invalid', `invalid build session: ${JSON.stringify(key)} ${what}`);
}
