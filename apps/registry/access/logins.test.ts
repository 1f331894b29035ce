import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@berth/kit';
import { hashSync } from 'bcryptjs';
import { afterEach, expect, test } from 'vitest';
import { parseHtpasswd } from './htpasswd.ts';
import { openLogins, parseBasic } from './logins.ts';
import { createPasswordChecker, type PasswordChecker } from './password-checker.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-logins-'));
const path = join(folder, 'htpasswd');
const said: string[] = [];
const logger = createLogger('debug', 'text', (line) => said.push(line));
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
  said.length = 0;
  rmSync(folder, { recursive: true, force: true });
});

function write(users: Record<string, string>): void {
  rmSync(folder, { recursive: true, force: true });
  const lines = Object.entries(users).map(([name, password]) => `${name}:${hashSync(password, 4)}\n`);
  mkdirSync(folder);
  writeFileSync(path, `# users\n\n${lines.join('')}`);
}

/** Counts how often bcrypt runs, and with which cost. */
function counting(): { checker: PasswordChecker; hashes: string[] } {
  const inner = createPasswordChecker();
  const hashes: string[] = [];
  const check = (password: string, hash: string) => {
    hashes.push(hash);
    return inner.check(password, hash);
  };
  return { checker: { check, close: inner.close }, hashes };
}

async function open(checker?: PasswordChecker) {
  const logins = await openLogins(path, logger, checker);
  closing.push(logins.close);
  return logins;
}

test('the right password and no other', async () => {
  write({ alice: 'secret', 'bob:not': 'x' });
  await expect(open()).rejects.toThrow(/line 4: this is not NAME:HASH/);
  write({ alice: 'secret', bob: 'pässword: with colon' });
  const logins = await open();
  expect(await logins.verify('alice', 'secret')).toBe(true);
  expect(await logins.verify('alice', 'Secret')).toBe(false);
  expect(await logins.verify('bob', 'pässword: with colon')).toBe(true);
  expect(await logins.verify('carol', 'secret')).toBe(false);
  expect(await logins.verify('alice', '')).toBe(false);
  expect(await logins.verify('alice', 'secret\0')).toBe(false);
  expect(await logins.verify('alice', 'x'.repeat(2000))).toBe(false);
});

test('a right login is checked once, a wrong one each time, an unknown user costs as much', async () => {
  write({ alice: 'secret', bob: 'other' });
  const { checker, hashes } = counting();
  const logins = await open(checker);
  for (let n = 0; n < 5; n++) expect(await logins.verify('alice', 'secret')).toBe(true);
  expect(hashes).toHaveLength(1);
  for (let n = 0; n < 3; n++) expect(await logins.verify('alice', 'wrong')).toBe(false);
  expect(hashes).toHaveLength(4);
  expect(await logins.verify('nobody', 'secret')).toBe(false);
  expect(hashes).toHaveLength(5);
  expect(hashes[4]!.slice(0, 7)).toBe('$2b$04$');
});

test('a file that changes counts at once; one that is spoiled leaves what was', async () => {
  write({ alice: 'old' });
  const logins = await open();
  expect(await logins.verify('alice', 'old')).toBe(true);
  const stamp = await logins.stampOf('alice');
  write({ alice: 'new', bob: 'x' });
  expect(await logins.verify('alice', 'old')).toBe(false);
  expect(await logins.verify('alice', 'new')).toBe(true);
  expect(await logins.stampOf('alice')).not.toBe(stamp);
  expect(await logins.stampOf('carol')).toBeUndefined();
  writeFileSync(path, 'bob:plain\n');
  expect(await logins.verify('alice', 'new')).toBe(true);
  expect(await logins.verify('bob', 'plain')).toBe(false);
  rmSync(path);
  expect(await logins.verify('bob', 'x')).toBe(true);
  expect(said.filter((line) => line.includes('cannot be used'))).toHaveLength(2);
  expect(said.join('')).not.toContain('$2');
});

test('more than wait already are refused', async () => {
  write({ alice: 'secret' });
  const logins = await open(createPasswordChecker(2));
  const all = await Promise.allSettled(Array.from({ length: 6 }, (_, n) => logins.verify('alice', `wrong ${n}`)));
  expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  expect(all.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'unavailable' } });
  expect(await logins.verify('alice', 'secret')).toBe(true);
});

test.each([
  'alice',
  'alice:',
  ':$2y$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi',
  'alice:$apr1$x$y',
  'alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=',
  'alice:$2y$99$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi',
])('no entry: %s', (line) => {
  expect(() => parseHtpasswd(`${line}\n`, '/f')).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('Basic authorization is read as it is meant', () => {
  const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
  expect(parseBasic(basic('a:b:c'))).toEqual({ name: 'a', password: 'b:c' });
  expect(parseBasic(basic('ä:ö').replace('Basic', 'bASIC'))).toEqual({ name: 'ä', password: 'ö' });
  for (const wrong of [basic('nocolon'), 'Bearer x', 'Basic', 'Basic !!', basic('a:'.padEnd(8000, 'x'))])
    expect(parseBasic(wrong)).toBeUndefined();
});
