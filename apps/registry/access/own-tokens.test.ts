import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@berth/kit';
import { hashSync } from 'bcryptjs';
import { decodeJwt, SignJWT } from 'jose';
import { afterAll, expect, test } from 'vitest';
import type { AccessControl, Need } from './model.ts';
import { type AccessSettings, openControl } from './open-control.ts';
import type { TokenAsking } from './token-endpoint.ts';
import { openTokenKey } from './token-key.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-access-'));
const htpasswd = join(folder, 'htpasswd');
const tokenKey = join(folder, 'token-key.pem');
const logger = createLogger('error', 'text', () => undefined);
const origin = 'https://host:5000';
const closing: (() => Promise<void>)[] = [];
const writeUsers = (users: Record<string, string>) =>
  writeFileSync(
    htpasswd,
    Object.entries(users)
      .map(([name, password]) => `${name}:${hashSync(password, 4)}`)
      .join('\n'),
  );
writeUsers({ alice: 'secret', bob: 'geheim' });
afterAll(async () => {
  for (const close of closing) await close();
  rmSync(folder, { recursive: true });
});

const rules = [
  { who: ['anonymous'], repositories: ['public/**'], may: ['pull'] },
  { who: ['alice'], repositories: ['**'], may: ['pull', 'push'] },
  { who: ['bob'], repositories: ['team/*'], may: ['pull'] },
];

async function open(changes: Partial<AccessSettings> = {}) {
  const settings: AccessSettings = { htpasswd, rules, service: 'test', tokenKey, tokenLifetime: 300, ...changes };
  const opened = await openControl(settings, logger);
  closing.push(opened.control.close);
  const ask = async (asking: Partial<TokenAsking> & { query?: string }) => {
    const parameters = new URLSearchParams(asking.query ?? '');
    const answer = await opened.tokens!.ask({ authorization: undefined, parameters, form: false, ...asking });
    if ('refusal' in answer) return { status: answer.refusal.status, token: '', body: {} };
    return { status: 200, token: String(answer.token['token']), body: answer.token };
  };
  return { ...opened, ask };
}

const basic = (login: string) => `Basic ${Buffer.from(login).toString('base64')}`;
const pull = (repository: string): Need => ({ repository, action: 'pull' });
const push = (repository: string): Need => ({ repository, action: 'push' });

/** 200, or the status of the refusal, as a request to the registry would get it. */
async function answer(control: AccessControl, authorization: string | undefined, ...needs: Need[]): Promise<number> {
  const asking = { authorization, origin };
  const who = await control.identify(asking);
  if ('refusal' in who) return who.refusal.status;
  return needs.every((need) => who.caller.may(need)) ? 200 : control.refuse(who.caller, needs, asking).status;
}

test('without a token: a challenge that names realm, service and scope', async () => {
  const { control } = await open();
  const asking = { authorization: undefined, origin };
  const who = await control.identify(asking);
  if ('refusal' in who) throw new Error('refused');
  expect(control.refuse(who.caller, [pull('a/b'), push('a/b')], asking)).toEqual({
    status: 401,
    code: 'UNAUTHORIZED',
    message: 'authentication required',
    headers: {
      'WWW-Authenticate': 'Bearer realm="https://host:5000/token",service="test",scope="repository:a/b:pull,push"',
    },
  });
  expect(await answer(control, undefined, pull('public/app'))).toBe(401);
});

test('a token gives what was asked for and policy allows, and no more', async () => {
  const { control, ask } = await open();
  const { token, body } = await ask({
    authorization: basic('bob:geheim'),
    query: 'service=test&scope=repository:team/app:pull,push&scope=repository:other:pull&account=bob',
  });
  expect(body).toMatchObject({ access_token: token, expires_in: 300 });
  expect(body).not.toHaveProperty('refresh_token');
  expect(decodeJwt(token)).toMatchObject({
    aud: 'test',
    sub: 'bob',
    access: [{ type: 'repository', name: 'team/app', actions: ['pull'] }],
  });
  expect(await answer(control, `Bearer ${token}`)).toBe(200);
  expect(await answer(control, `Bearer ${token}`, pull('team/app'))).toBe(200);
  expect(await answer(control, `Bearer ${token}`, push('team/app'))).toBe(401);
  // In policy, and not in the token.
  expect(await answer(control, `Bearer ${token}`, pull('team/other'))).toBe(401);
});

test('anybody gets a token for what is open to anybody', async () => {
  const { control, ask } = await open();
  const { token, body } = await ask({ query: 'scope=repository:public/app:pull,push&offline_token=true' });
  expect(body).not.toHaveProperty('refresh_token');
  expect(await answer(control, `Bearer ${token}`, pull('public/app'))).toBe(200);
  expect(await answer(control, `Bearer ${token}`, push('public/app'))).toBe(401);
  const closed = await open({ rules: undefined, mode: 'token' });
  expect((await closed.ask({ query: 'scope=repository:public/app:pull' })).status).toBe(401);
});

test('wrong passwords get nothing, and are never anybody', async () => {
  const { control, ask } = await open();
  for (const wrong of [basic('bob:secret'), basic('nobody:x'), basic(':'), 'Basic ???', 'Digest x'])
    expect((await ask({ authorization: wrong, query: 'scope=repository:public/app:pull' })).status).toBe(401);
  expect(await answer(control, basic('bob:secret'), pull('public/app'))).toBe(401);
  expect(await answer(control, 'Bearer nonsense', pull('public/app'))).toBe(401);
});

test('Basic works beside tokens, with the rights of its user', async () => {
  const { control } = await open();
  expect(await answer(control, basic('bob:geheim'), pull('team/app'))).toBe(200);
  expect(await answer(control, basic('bob:geheim'), push('team/app'))).toBe(403);
  expect(await answer(control, basic('alice:secret'), push('x/y'), pull('x/y'))).toBe(200);
});

test('a refresh token stands for the password, and for nothing else', async () => {
  const { control, ask } = await open();
  const login = await ask({ authorization: basic('alice:secret'), query: 'offline_token=true&client_id=docker' });
  const refresh = String(login.body['refresh_token']);
  const form = (fields: Record<string, string>) => ask({ form: true, parameters: new URLSearchParams(fields) });
  const next = await form({ grant_type: 'refresh_token', refresh_token: refresh, scope: 'repository:a:pull' });
  expect(await answer(control, `Bearer ${next.token}`, pull('a'))).toBe(200);
  expect(await answer(control, `Bearer ${refresh}`, pull('a'))).toBe(401);
  expect((await form({ grant_type: 'refresh_token', refresh_token: next.token })).status).toBe(401);
  expect((await form({ grant_type: 'password', username: 'alice', password: 'secret' })).status).toBe(200);
  expect((await form({ grant_type: 'password', username: 'alice', password: 'x' })).status).toBe(401);
  expect((await form({ grant_type: 'magic' })).status).toBe(400);
});

test('a changed password, a removed user and a changed policy void tokens at once', async () => {
  const { control, ask } = await open();
  const query = 'offline_token=true&scope=repository:team/app:pull';
  const { token, body } = await ask({ authorization: basic('bob:geheim'), query });
  expect(await answer(control, `Bearer ${token}`, pull('team/app'))).toBe(200);
  writeUsers({ alice: 'secret', bob: 'changed' });
  expect(await answer(control, `Bearer ${token}`, pull('team/app'))).toBe(401);
  const refresh = { grant_type: 'refresh_token', refresh_token: String(body['refresh_token']) };
  expect((await ask({ form: true, parameters: new URLSearchParams(refresh) })).status).toBe(401);
  const again = await ask({ authorization: basic('bob:changed'), query });
  writeUsers({ alice: 'secret' });
  expect(await answer(control, `Bearer ${again.token}`, pull('team/app'))).toBe(401);
  writeUsers({ alice: 'secret', bob: 'geheim' });
  const third = await ask({ authorization: basic('bob:geheim'), query });
  const stricter = await open({ rules: [{ who: ['alice'], repositories: ['**'], may: ['pull'] }], mode: 'token' });
  expect(await answer(stricter.control, `Bearer ${third.token}`, pull('team/app'))).toBe(401);
});

test('the key stays over restarts, is readable by its owner only, and two that begin at once agree', async () => {
  const path = join(folder, 'another.pem');
  const [one, two] = await Promise.all([openTokenKey(path), openTokenKey(path)]);
  expect(one.id).toBe(two.id);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).toContain('BEGIN PRIVATE KEY');
  writeFileSync(path, 'no key');
  await expect(openTokenKey(path)).rejects.toMatchObject({ code: 'invalid' });
  const { control, ask } = await open();
  const { token } = await ask({ authorization: basic('alice:secret'), query: 'scope=repository:a:pull' });
  const later = await open();
  expect(await answer(later.control, `Bearer ${token}`, pull('a'))).toBe(200);
  const elsewhere = await open({ tokenKey: join(folder, 'elsewhere.pem') });
  expect(await answer(elsewhere.control, `Bearer ${token}`, pull('a'))).toBe(401);
  expect(await answer(control, `Bearer ${token}`, pull('a'))).toBe(200);
});

test('expired, for another service, or made by somebody else', async () => {
  const { control } = await open();
  const key = await openTokenKey(tokenKey);
  const make = (changes: { exp?: string; aud?: string; iss?: string } = {}) =>
    new SignJWT({ access: [{ type: 'repository', name: 'public/x', actions: ['pull'] }] })
      .setProtectedHeader({ alg: 'ES256', kid: key.id })
      .setIssuer(changes.iss ?? 'berth-registry')
      .setSubject('')
      .setAudience(changes.aud ?? 'test')
      .setIssuedAt('-10m')
      .setExpirationTime(changes.exp ?? '5m')
      .sign(key.privateKey);
  expect(await answer(control, `Bearer ${await make()}`, pull('public/x'))).toBe(200);
  expect(await answer(control, `Bearer ${await make({ exp: '-1m' })}`, pull('public/x'))).toBe(401);
  expect(await answer(control, `Bearer ${await make({ aud: 'other' })}`, pull('public/x'))).toBe(401);
  expect(await answer(control, `Bearer ${await make({ iss: 'other' })}`, pull('public/x'))).toBe(401);
});

test('the list of repositories is that of the user', async () => {
  const { control, ask } = await open();
  const { token } = await ask({ authorization: basic('bob:geheim'), query: 'scope=registry:catalog:*' });
  const who = await control.identify({ authorization: `Bearer ${token}`, origin });
  if ('refusal' in who) throw new Error('refused');
  expect(who.caller.may('catalog')).toBe(true);
  expect(['team/app', 'public/a', 'private/a'].filter(who.caller.sees)).toEqual(['team/app', 'public/a']);
});

test('settings that cannot be meant are refused', async () => {
  await expect(open({ mode: 'basic' })).rejects.toThrow(/cannot be used with access mode "basic"/);
  await expect(open({ htpasswd: undefined, mode: 'token' })).rejects.toThrow(/needs a file of users/);
  await expect(open({ htpasswd: join(folder, 'missing') })).rejects.toThrow(/cannot be read/);
  const open2 = await open({
    htpasswd: undefined,
    rules: [{ who: ['anonymous'], repositories: ['a/*'], may: ['pull'] }],
  });
  expect(open2.control.asksAtRoot).toBe(false);
  expect(await answer(open2.control, undefined, pull('a/b'))).toBe(200);
  expect(await answer(open2.control, undefined, push('a/b'))).toBe(403);
});
