import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { BerthError } from '@berth/kit';
import { isObject } from '@berth/oci';
import { createLocalJWKSet, createRemoteJWKSet, type JSONWebKeySet, type JWTVerifyGetKey, jwtVerify } from 'jose';
import { isGrants } from './grants.ts';
import type { Grant } from './scope.ts';

/** A token service of somebody else. */
export interface ForeignIssuer {
  /** Where clients get tokens: an http or https URL. */
  realm: string;
  /** What we are called there; tokens must name it as their audience. */
  service: string;
  /** Who must have issued the token. */
  issuer: string;
  /** Its public keys: an https URL of a JWK set; or a file with a JWK set, or with PEM keys or certificates. */
  keys: string;
}

/** Reads tokens of one issuer. */
export interface ForeignTokens {
  /** Who has this token and what it gives, undefined when it is not valid. */
  read(token: string): Promise<{ name: string | undefined; access: readonly Grant[] } | undefined>;
}

/**
 * Signatures by a key pair only. A public key can then never be taken for a shared secret (HS256), and `none` is none.
 * Keys come from the configuration: what a token's header says of keys (`jwk`, `jku`, `x5c`) is not looked at.
 */
const ALGORITHMS = ['ES256', 'ES384', 'ES512', 'RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'EdDSA'];
const CLOCK_TOLERANCE = 30;
const TOKEN_MAX = 64 * 1024;
const PEM_KEYS_MAX = 16;

/** What can be said without reading its keys. Errors: invalid. */
export function checkForeignIssuer({ realm, keys }: ForeignIssuer): void {
  if (!/^https?:$/.test(URL.canParse(realm) ? new URL(realm).protocol : ''))
    throw new BerthError('invalid', `the realm of a token service is an http or https URL, not ${realm}`);
  if (keys.startsWith('http://'))
    throw new BerthError('invalid', `keys of a token service are not fetched over plain HTTP: ${keys}`);
  if (keys.startsWith('https://') && !URL.canParse(keys))
    throw new BerthError('invalid', `the keys of a token service are a file or an https URL, not ${keys}`);
}

/** Errors: invalid, when the keys cannot be read. */
export async function openForeignTokens({ service, issuer, keys }: ForeignIssuer): Promise<ForeignTokens> {
  const candidates = await openKeys(keys);
  const read = async (token: string, key: JWTVerifyGetKey) => {
    const { payload } = await jwtVerify(token, key, {
      issuer,
      audience: service,
      algorithms: ALGORITHMS,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE,
    });
    const access = payload['access'] ?? [];
    if (!isGrants(access)) return undefined;
    return { name: payload.sub === undefined || payload.sub === '' ? undefined : payload.sub, access };
  };
  return {
    read: async (token) => {
      if (token.length > TOKEN_MAX) return undefined;
      for (const key of candidates) {
        try {
          return await read(token, key);
        } catch {
          // Forged, expired, for another, or with a key that is not known: all the same to whoever sent it.
        }
      }
      return undefined;
    },
  };
}

/** A set chooses by the id in the token's header; keys in PEM have no ids, each is tried. */
async function openKeys(keys: string): Promise<JWTVerifyGetKey[]> {
  if (keys.startsWith('https://')) return [createRemoteJWKSet(new URL(keys), { timeoutDuration: 10_000 })];
  let text: string;
  try {
    text = await readFile(keys, 'utf8');
  } catch (cause) {
    throw new BerthError('invalid', `the keys of the token service cannot be read: ${keys}`, { cause });
  }
  try {
    if (text.trimStart().startsWith('{')) return [createLocalJWKSet(parseSet(text))];
    return parsePem(text).map((key) => async () => key);
  } catch (cause) {
    throw new BerthError('invalid', `${keys} holds neither a JWK set nor public keys in PEM`, { cause });
  }
}

function parseSet(text: string): JSONWebKeySet {
  const value: unknown = JSON.parse(text);
  const list = isObject(value) ? (Array.isArray(value['keys']) ? value['keys'] : [value]) : [];
  // A shared secret or a private key has no place here, and would be one more way to be wrong.
  const wrong = list.some((key) => !isObject(key) || key['kty'] === 'oct' || 'd' in key);
  if (wrong || list.length === 0) throw new Error('only public keys belong here');
  return { keys: list.filter(isObject).map((key) => ({ ...key, kty: String(key['kty']) })) };
}

function parsePem(text: string): KeyObject[] {
  const blocks = text.match(/-----BEGIN ([A-Z ]+)-----[^-]+-----END \1-----/g) ?? [];
  if (blocks.length === 0 || blocks.length > PEM_KEYS_MAX) throw new Error(`${blocks.length} keys`);
  return blocks.map((block) => {
    if (block.includes('PRIVATE KEY')) throw new Error('only public keys belong here');
    return block.includes('CERTIFICATE') ? new X509Certificate(block).publicKey : createPublicKey(block);
  });
}
