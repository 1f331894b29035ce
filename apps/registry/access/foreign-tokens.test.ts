import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@berth/kit';
import { type CryptoKey, exportJWK, exportSPKI, generateKeyPair, SignJWT } from 'jose';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AccessControl } from './model.ts';
import { openControl } from './open-control.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-foreign-'));
const logger = createLogger('error', 'text', () => undefined);
const realm = 'https://auth.example/token';
const issuer = 'auth.example';
const keysFile = join(folder, 'keys.json');
const pemFile = join(folder, 'keys.pem');
let good: { publicKey: CryptoKey; privateKey: CryptoKey };
let other: { publicKey: CryptoKey; privateKey: CryptoKey };
let pem: string;
/** Where a verifier must never go. */
let collector: Server;
const collected: string[] = [];

beforeAll(async () => {
  good = await generateKeyPair('RS256', { extractable: true });
  other = await generateKeyPair('RS256', { extractable: true });
  pem = await exportSPKI(good.publicKey);
  writeFileSync(
    keysFile,
    JSON.stringify({ keys: [{ ...(await exportJWK(good.publicKey)), kid: 'one', alg: 'RS256' }] }),
  );
  writeFileSync(pemFile, pem);
  collector = createServer((request, response) => {
    collected.push(request.url ?? '');
    response.end('{}');
  });
  await new Promise<void>((resolve) => collector.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  collector.close();
  rmSync(folder, { recursive: true });
});

async function open(keys: string): Promise<AccessControl> {
  const settings = { issuer: { realm, service: 'reg', issuer, keys }, service: 'x', tokenKey: '', tokenLifetime: 1 };
  return (await openControl(settings, logger)).control;
}

interface Changes {
  key?: CryptoKey | Uint8Array;
  header?: Record<string, unknown>;
  iss?: string;
  aud?: string;
  exp?: string | undefined;
  nbf?: string;
  access?: unknown;
}

function token(changes: Changes = {}): Promise<string> {
  const access = changes.access ?? [{ type: 'repository', name: 'a/b', actions: ['pull', 'push'] }];
  const made = new SignJWT({ access })
    .setProtectedHeader({ alg: 'RS256', kid: 'one', ...changes.header })
    .setIssuer(changes.iss ?? issuer)
    .setSubject('carol')
    .setAudience(changes.aud ?? 'reg');
  if (!('exp' in changes) || changes.exp !== undefined) made.setExpirationTime(changes.exp ?? '2m');
  if (changes.nbf !== undefined) made.setNotBefore(changes.nbf);
  return made.sign(changes.key ?? good.privateKey);
}

/** The status that a pull of a/b gets, or a push to another repository. */
async function statusOf(control: AccessControl, value: string, repository = 'a/b'): Promise<number> {
  const asking = { authorization: `Bearer ${value}`, origin: 'https://x' };
  const who = await control.identify(asking);
  if ('refusal' in who) return who.refusal.status;
  return who.caller.may({ repository, action: 'pull' }) ? 200 : 401;
}

test('a token of the issuer, checked with a JWK set or a PEM key', async () => {
  for (const file of [keysFile, pemFile]) {
    const control = await open(file);
    expect(await statusOf(control, await token())).toBe(200);
    expect(await statusOf(control, await token(), 'a/c')).toBe(401);
    expect(await statusOf(control, await token({ access: [] }))).toBe(401);
    expect(await statusOf(control, await token({ access: 'all' }))).toBe(401);
    expect(
      await statusOf(control, await token({ access: [{ type: 'repository', name: 'a/b', actions: ['*'] }] })),
    ).toBe(200);
  }
});

test('the challenge leads to the issuer', async () => {
  const control = await open(keysFile);
  const asking = { authorization: undefined, origin: 'https://x' };
  const who = await control.identify(asking);
  if ('refusal' in who) throw new Error('refused');
  expect(control.refuse(who.caller, [{ repository: 'a/b', action: 'pull' }], asking).headers).toEqual({
    'WWW-Authenticate': `Bearer realm="${realm}",service="reg",scope="repository:a/b:pull"`,
  });
});

test('attack 37: keys that a token brings along, and other confusions', async () => {
  const url = `http://127.0.0.1:${(collector.address() as AddressInfo).port}/keys`;
  const own = { ...(await exportJWK(other.publicKey)), kid: 'one' };
  const unsigned = (header: object) => {
    const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const claims = { iss: issuer, aud: 'reg', exp: Math.floor(Date.now() / 1000) + 100, access: [] };
    return `${part(header)}.${part({ ...claims, access: [{ type: 'repository', name: 'a/b', actions: ['pull'] }] })}.`;
  };
  const attacks: Record<string, Promise<string> | string> = {
    'own key, right id': token({ key: other.privateKey }),
    'own key as jwk': token({ key: other.privateKey, header: { jwk: own } }),
    'own key by jku': token({ key: other.privateKey, header: { jku: url } }),
    'own key by x5u': token({ key: other.privateKey, header: { x5u: url } }),
    'own key as x5c': token({ key: other.privateKey, header: { x5c: [Buffer.from(pem).toString('base64')] } }),
    'id of a file': token({ key: other.privateKey, header: { kid: '../../../../dev/null' } }),
    'public key as shared secret': token({ key: Buffer.from(pem), header: { alg: 'HS256' } }),
    'public key as shared secret, trimmed': token({ key: Buffer.from(pem.trim()), header: { alg: 'HS256' } }),
    'empty shared secret': token({ key: Buffer.alloc(32), header: { alg: 'HS256' } }),
    'no signature': unsigned({ alg: 'none', kid: 'one' }),
    'no signature, other spelling': unsigned({ alg: 'NoNe', kid: 'one' }),
    'signature left out': unsigned({ alg: 'RS256', kid: 'one' }),
    'critical extension': token({ header: { crit: ['exp'], b64: true } }).catch(() => 'a.b.c'),
    expired: token({ exp: '-5m' }),
    'without an end': token({ exp: undefined }),
    'not yet': token({ nbf: '10m' }),
    'another audience': token({ aud: 'other' }),
    'another issuer': token({ iss: 'https://auth.example.evil' }),
    'much too long': 'x'.repeat(100_000),
  };
  for (const file of [keysFile, pemFile]) {
    const control = await open(file);
    for (const [name, attack] of Object.entries(attacks)) {
      expect([name, await statusOf(control, await attack)]).toEqual([name, 401]);
    }
    expect(await statusOf(control, await token())).toBe(200);
  }
  expect(collected).toEqual([]);
});

test('keys that must not be used are refused', async () => {
  const write = (text: string) => {
    writeFileSync(join(folder, 'wrong'), text);
    return open(join(folder, 'wrong'));
  };
  await expect(write('')).rejects.toThrow(/neither a JWK set nor public keys/);
  await expect(write('{"keys":[]}')).rejects.toThrow(/neither/);
  await expect(write(JSON.stringify({ keys: [{ kty: 'oct', k: 'AAAA' }] }))).rejects.toThrow(/neither/);
  await expect(write(JSON.stringify({ keys: [await exportJWK(good.privateKey)] }))).rejects.toThrow(/neither/);
  await expect(open('http://auth.example/keys')).rejects.toThrow(/plain HTTP/);
  await expect(open(join(folder, 'missing'))).rejects.toThrow(/cannot be read/);
});
