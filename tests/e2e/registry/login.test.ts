import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { type FakeRegistry, fail, startFakeRegistry } from '../../support/registry-fake.ts';
import { makeImage, publish } from '../../support/registry-images.ts';
import { begin } from '../cli/place.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');
const NODE = path.join(REPOSITORY, 'node_modules/.bin/node');
const CLIENTS = {
  docker: ['docker'],
  berth: [NODE, path.join(REPOSITORY, 'apps/cli/main.ts')],
} as const;
const USER = { name: 'me', password: 'secret' };
const BASIC = `Basic ${Buffer.from(`${USER.name}:${USER.password}`).toString('base64')}`;
const REFRESH = 'refresh-token-of-me';

/** A credential helper that keeps what it is given as files: of a server, and what it was asked. */
const HELPER = `#!/bin/sh
dir=$HELPER_DIR
case "$1" in
  store) cat > "$dir/stored"; echo store >> "$dir/asked" ;;
  get) cat > /dev/null; echo get >> "$dir/asked"; [ -f "$dir/stored" ] && cat "$dir/stored" || { echo "credentials not found in native keychain"; exit 1; } ;;
  erase) cat > /dev/null; rm -f "$dir/stored"; echo erase >> "$dir/asked" ;;
  list) [ -f "$dir/stored" ] && sed -e 's/.*"ServerURL":"\\([^"]*\\)".*"Username":"\\([^"]*\\)".*/{"\\1":"\\2"}/' "$dir/stored" || echo '{}' ;;
esac
`;

let engine: TestEngine;
let registry: FakeRegistry;
let config: string;
beforeAll(async () => {
  engine = await startTestEngine();
});
afterAll(async () => {
  await engine?.stop();
});
beforeEach(async () => {
  registry = await startFakeRegistry();
  registry.intercept = demandToken;
  config = mkdtempSync(path.join(tmpdir(), 'berth-login-'));
});
afterEach(async () => {
  await registry.close();
  rmSync(config, { recursive: true });
});

/** A registry with a token server on itself; with `offline_token` a password gives a refresh token. */
function demandToken(request: http.IncomingMessage, response: http.ServerResponse): boolean {
  const url = new URL(request.url ?? '/', registry.origin);
  if (url.pathname === '/token') {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk;
    });
    request.on('end', () => answerToken(request, response, url, new URLSearchParams(body)));
    return true;
  }
  if (request.headers.authorization?.startsWith('Bearer token-for-')) return false;
  const challenge = `Bearer realm="${registry.origin}/token",service="tests"`;
  fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge });
  return true;
}

function answerToken(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  url: URL,
  form: URLSearchParams,
): void {
  const known =
    request.method === 'POST' ? form.get('refresh_token') === REFRESH : request.headers.authorization === BASIC;
  if (!known) {
    fail(response, 401, 'UNAUTHORIZED', 'incorrect username or password');
    return;
  }
  const offline = url.searchParams.get('offline_token') === 'true';
  response.end(JSON.stringify({ token: 'token-for-me', ...(offline && { refresh_token: REFRESH }) }));
}

function demandBasic(request: http.IncomingMessage, response: http.ServerResponse): boolean {
  if (request.headers.authorization === BASIC) return false;
  fail(response, 401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': 'Basic realm="tests"' });
  return true;
}

const environment = () => ({
  DOCKER_HOST: engine.host,
  DOCKER_CONFIG: config,
  HELPER_DIR: config,
  PATH: `${config}:${process.env['PATH']}`,
});

function client(name: keyof typeof CLIENTS) {
  const [program, ...before] = CLIENTS[name];
  return (args: string[], input?: string) =>
    run(program, [...before, ...args], {
      env: environment(),
      ...(input === undefined ? {} : { input }),
    });
}

const configFile = () => JSON.parse(readFileSync(path.join(config, 'config.json'), 'utf8')) as Record<string, unknown>;

describe.each(['docker', 'berth'] as const)('%s', (name) => {
  const say = client(name);
  const login = (password: string) => say(['login', '-u', USER.name, '--password-stdin', registry.domain], password);

  it('logs in with a token server, goes on with the identity token, and logs out', async () => {
    publish(registry, 'private/thing', 'v1', makeImage({ layers: [[{ path: 'file', content: name }]] }));
    const image = `${registry.domain}/private/thing:v1`;
    expect(await say(['pull', image])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unauthorized: incorrect username or password'),
    });
    const wrong = await login('wrong');
    expect(wrong).toMatchObject({ code: 1, stdout: '' });
    expect(wrong.stderr).toBe('Error response from daemon: unauthorized: incorrect username or password\n');

    const good = await login(`${USER.password}\n`);
    expect(good).toEqual({ code: 0, stdout: 'Login Succeeded\n', stderr: '' });
    const auth = Buffer.from(`${USER.name}:`).toString('base64');
    expect(configFile()).toEqual({ auths: { [registry.domain]: { auth, identitytoken: REFRESH } } });

    registry.seen.length = 0;
    expect(await say(['pull', image])).toMatchObject({ code: 0 });
    expect(await say(['tag', image, `${registry.domain}/private/other:v1`])).toMatchObject({ code: 0 });
    expect(await say(['push', `${registry.domain}/private/other:v1`])).toMatchObject({ code: 0 });
    const tokens = registry.seen.filter(({ url }) => url.startsWith('/token'));
    expect(tokens.length).toBeGreaterThan(0);
    for (const { method, headers } of tokens) expect([method, headers.authorization]).toEqual(['POST', undefined]);

    expect(await say(['logout', registry.domain])).toMatchObject({
      code: 0,
      stdout: `Removing login credentials for ${registry.domain}\n`,
    });
    expect(configFile()).toEqual({ auths: {} });
    expect((await say(['pull', image])).code).toBe(1);
    await say(['rmi', image, `${registry.domain}/private/other:v1`]);
  });

  it('keeps what it logs in with in the helper of that registry, and asks it for no other', async () => {
    writeFileSync(path.join(config, 'docker-credential-fake'), HELPER);
    chmodSync(path.join(config, 'docker-credential-fake'), 0o755);
    writeFileSync(path.join(config, 'config.json'), JSON.stringify({ credHelpers: { [registry.domain]: 'fake' } }));
    expect(await login(USER.password)).toMatchObject({ code: 0, stdout: 'Login Succeeded\n' });
    const stored = JSON.parse(readFileSync(path.join(config, 'stored'), 'utf8')) as object;
    expect(stored).toEqual({ ServerURL: registry.domain, Username: '<token>', Secret: REFRESH });
    expect(JSON.stringify(configFile())).not.toContain(REFRESH);

    publish(registry, 'thing', 'v1', makeImage({ layers: [[{ path: 'file', content: `helper ${name}` }]] }));
    expect(await say(['pull', `${registry.domain}/thing:v1`])).toMatchObject({ code: 0 });
    await say(['rmi', `${registry.domain}/thing:v1`]);
    writeFileSync(path.join(config, 'asked'), '');
    await say(['pull', '127.0.0.1:1/thing:v1']);
    expect(readFileSync(path.join(config, 'asked'), 'utf8')).toBe('');

    expect(await say(['logout', registry.domain])).toMatchObject({ code: 0 });
    expect(readFileSync(path.join(config, 'asked'), 'utf8')).toContain('erase');
    expect((await say(['pull', `${registry.domain}/thing:v1`])).code).toBe(1);
  });

  it('warns of a password that is kept as it is', async () => {
    registry.intercept = demandBasic;
    expect(await login(USER.password)).toEqual({
      code: 0,
      stdout: 'Login Succeeded\n',
      stderr:
        `\nWARNING! Your credentials are stored unencrypted in '${config}/config.json'.\n` +
        'Configure a credential helper to remove this warning. See\n' +
        'https://docs.docker.com/go/credential-store/\n\n',
    });
    const auth = BASIC.slice('Basic '.length);
    expect(configFile()).toEqual({ auths: { [registry.domain]: { auth } } });
    // What is stored is tried first.
    const again = await say(['login', registry.domain]);
    expect(again).toMatchObject({ code: 0, stdout: expect.stringContaining('Login Succeeded') });
    expect(again.stderr).toContain('Authenticating with existing credentials... [Username: me]');
  });

  it('asks at a terminal, and does not show the password', async () => {
    registry.intercept = demandBasic;
    const words = [...CLIENTS[name], 'login', registry.domain].join(' ');
    const running = begin('script', ['--quiet', '--return', '--command', words, '/dev/null'], {
      ...process.env,
      ...environment(),
      SHELL: '/bin/sh',
    });
    await running.shows('Username: ');
    running.child.stdin.write(`${USER.name}\r`);
    await running.shows('Password: ');
    running.child.stdin.write(`${USER.password}\r`);
    const { code, stdout } = await running.ended;
    expect([code, stdout.includes(USER.password)], stdout).toEqual([0, false]);
    expect(stdout.replaceAll('\r', '').replace(/\n+/g, '\n')).toBe(
      `Username: me\nPassword: \nWARNING! Your credentials are stored unencrypted in '${config}/config.json'.\n` +
        'Configure a credential helper to remove this warning. See\n' +
        'https://docs.docker.com/go/credential-store/\nLogin Succeeded\n',
    );
  });

  it('says what is wrong with how it was called', async () => {
    expect(await say(['login', '--password-stdin', registry.domain], 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('the --password-stdin option requires --username to be set'),
    });
    expect(await say(['login', '-u', 'a', '-p', 'b', '--password-stdin', registry.domain], 'x')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /conflicting options: cannot specify both --password and --password-stdin|mutually exclusive/,
      ),
    });
    expect(await say(['login', registry.domain])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Cannot perform an interactive login from a non TTY device'),
    });
    expect(registry.seen).toEqual([]);
  });
});
