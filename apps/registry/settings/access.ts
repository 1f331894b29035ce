import { join } from 'node:path';
import type { AccessSettings, ForeignIssuer, RuleText } from '../access/index.ts';
import {
  atLeast,
  duration,
  type Field,
  field,
  listOf,
  object,
  oneOf,
  optional,
  type Reader,
  required,
  text,
} from './shape.ts';

/** The section `access`. */
export interface AccessConfig {
  htpasswd: string | undefined;
  mode: 'basic' | 'token' | undefined;
  rules: RuleText[] | undefined;
  issuer: ForeignIssuer | undefined;
  /** Named in challenges and tokens. */
  service: string;
  /** Of our own tokens, milliseconds. */
  tokenLifetime: number;
}

const rule = object<RuleText>({
  who: required(listOf(text)),
  repositories: field(listOf(text), ['**']),
  may: required(listOf(text)),
});

const issuer = object<ForeignIssuer>({
  realm: required(text),
  service: required(text),
  issuer: required(text),
  keys: required(text),
});

const FIELDS: { [K in keyof AccessConfig]: Field<AccessConfig[K]> } = {
  htpasswd: optional(text),
  mode: optional(oneOf('basic', 'token')),
  rules: optional(listOf(rule)),
  issuer: optional(issuer),
  service: field(text, 'berth-registry'),
  tokenLifetime: field(atLeast(1000, '1s', duration), 300_000),
};

export const readAccess: Reader<AccessConfig> = object(FIELDS);

/** The settings as access control wants them. */
export function accessSettings({ access, root }: { access: AccessConfig; root: string }): AccessSettings {
  const { tokenLifetime, ...rest } = access;
  return { ...rest, tokenKey: join(root, 'token.key'), tokenLifetime: Math.round(tokenLifetime / 1000) };
}
