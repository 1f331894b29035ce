import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@berth/kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Certificates, makeCertificates } from '../../../tests/support/certificates.ts';
import { startRegistry } from '../start.ts';
import { checkConfig, checkFiles } from './check.ts';
import { readConfig } from './config.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-registry-check-'));
const root = join(folder, 'root');
const log = createLogger('error', 'text', () => undefined);
let certificates: Certificates;
beforeAll(() => {
  for (const name of ['tls', 'other', 'spoiled']) mkdirSync(join(folder, name));
  certificates = makeCertificates(join(folder, 'tls'));
  writeFileSync(join(folder, 'htpasswd'), 'alice:$2y$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi\n');
  writeFileSync(join(folder, 'plain'), 'alice:secret\n');
  writeFileSync(join(folder, 'spoiled/token.key'), 'no key');
});
afterAll(() => rmSync(folder, { recursive: true }));

const configOf = (settings: object) => readConfig({ root, listen: '127.0.0.1:0', ...settings }, '');
const anybody = [{ who: ['anonymous'], may: ['pull'] }];
const issuer = { realm: 'https://auth.example/token', service: 's', issuer: 'i', keys: '/none' };

/** Wrong settings, and what is said of them. */
const WRONG: Record<string, [object, RegExp]> = {
  'an address': [{ listen: 'x' }, /"x" is no address to listen at/],
  'an address to watch at': [{ watch: { listen: '127.0.0.1' } }, /"127.0.0.1" is no address to listen at/],
  'a mode without users': [{ access: { mode: 'token' } }, /a mode of access needs a file of users/],
  'rules for anybody with passwords': [
    { access: { htpasswd: '/none', mode: 'basic', rules: anybody } },
    /rules for anybody cannot be used with access mode "basic"/,
  ],
  'users beside a token service': [
    { access: { issuer, htpasswd: '/x' } },
    /there are no users, modes or rules of ours/,
  ],
  'a realm': [{ access: { issuer: { ...issuer, realm: 'auth.example' } } }, /the realm of a token service is/],
  'keys over plain HTTP': [{ access: { issuer: { ...issuer, keys: 'http://x' } } }, /not fetched over plain HTTP/],
  'one address for both': [
    { listen: '127.0.0.1:1', watch: { listen: '127.0.0.1:1' } },
    /listen and watch.listen are the same address: 127.0.0.1:1/,
  ],
  'users without a file of users': [
    { access: { rules: [...anybody, { who: ['anonymous', 'alice'], may: ['push'] }] } },
    /a rule is for "alice", and there is no file of users/,
  ],
  'a rule that gives nothing': [{ access: { rules: [{ who: ['anonymous'], may: [] }] } }, /rule 1 gives nothing/],
};

test.each(Object.entries(WRONG))('said before anything is made, with and without a start: %s', async (_, wrong) => {
  const [settings, message] = wrong;
  expect(() => checkConfig(configOf(settings))).toThrow(message);
  await expect(startRegistry(configOf(settings), log)).rejects.toThrow(message);
  expect(existsSync(root)).toBe(false);
});

test('files that a start could not use', async () => {
  const { serverCert: certificate, serverKey: key, clientKey } = certificates;
  const wrong: [object, RegExp][] = [
    [{ root: join(folder, 'plain') }, /cannot use the root .*plain: /],
    [{ root: join(folder, 'plain/below') }, /cannot use the root .*plain.below: /],
    [{ tls: { certificate: '/none', key } }, /the file \/none for TLS cannot be read/],
    [{ tls: { certificate, key: clientKey } }, /cannot be used for TLS together/],
    [{ tls: { certificate, key, clientAuthorities: '/none' } }, /the file \/none for TLS cannot be read/],
    [{ access: { htpasswd: '/none' } }, /the file of users cannot be read: \/none/],
    [{ access: { htpasswd: join(folder, 'plain') } }, /plain, line 1: this is not NAME:HASH/],
    [{ access: { issuer } }, /the keys of the token service cannot be read: \/none/],
    [{ access: { issuer: { ...issuer, keys: key } } }, /holds neither a JWK set nor public keys/],
    [
      { root: join(folder, 'spoiled'), access: { htpasswd: join(folder, 'htpasswd'), mode: 'token' } },
      /token.key holds no private key/,
    ],
  ];
  for (const [settings, message] of wrong) {
    checkConfig(configOf(settings));
    await expect(checkFiles(configOf(settings))).rejects.toThrow(message);
    await expect(startRegistry(configOf(settings), log)).rejects.toThrow(message);
  }
});

test('what is right is checked without making anything', async () => {
  const { serverCert: certificate, serverKey: key } = certificates;
  const config = configOf({
    root: join(folder, 'other/root'),
    tls: { certificate, key },
    access: { htpasswd: join(folder, 'htpasswd'), mode: 'token' },
    watch: { listen: ':0' },
  });
  checkConfig(config);
  await checkFiles(config);
  expect(readdirSync(join(folder, 'other'))).toEqual([]);
});
