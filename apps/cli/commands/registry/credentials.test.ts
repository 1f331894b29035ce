import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeEngine, startFakeEngine } from '../../../../tests/support/fake-engine.ts';
import { sampleRoutes } from '../../../../tests/support/sample-engine.ts';
import { runBerth } from '../../../../tests/support/side-by-side.ts';
import { changeAuths } from './config-writer.ts';
import { credentialHelper } from './credential-helper.ts';
import { HUB, serverHost, serverKey, serverOfImage } from './server.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-credentials-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Puts a helper into the folder, which is the whole PATH but for the shell's own. */
function helper(name: string, script: string, mode = 0o755): Record<string, string> {
  writeFileSync(join(folder, `docker-credential-${name}`), `#!/bin/sh\n${script}\n`, { mode });
  return { PATH: `${folder}:/usr/bin:/bin` };
}

describe('a credential helper that does not work is an error, never "no credentials"', () => {
  const get = (env: Record<string, string>, timeoutMs = 5_000) =>
    credentialHelper('test', { env, timeoutMs }).get('reg.example.com');

  it('works', async () => {
    const env = helper('test', 'read server; echo "{\\"Username\\":\\"u\\",\\"Secret\\":\\"for $server\\"}"');
    expect(await get(env)).toEqual({ Username: 'u', Secret: 'for reg.example.com' });
  });
  it('has none for this server', async () => {
    expect(await get(helper('test', 'echo "credentials not found in native keychain"; exit 1'))).toBeUndefined();
  });
  it('is missing', async () => {
    await expect(get({ PATH: folder })).rejects.toThrow('executable file not found in $PATH');
  });
  it('is not executable', async () => {
    await expect(get(helper('test', 'exit 0', 0o644))).rejects.toThrow(/permission denied|not found/);
  });
  it('fails', async () => {
    await expect(get(helper('test', 'echo locked >&2; exit 3'))).rejects.toThrow('ended with 3: locked');
  });
  it('is slow', async () => {
    await expect(get(helper('test', 'exec sleep 30'), 200)).rejects.toThrow('no answer within 0.2 seconds');
  });
  it('answers with something else than JSON, which is not quoted', async () => {
    await expect(get(helper('test', 'echo my-secret'))).rejects.toThrow(/not JSON$/);
    await expect(get(helper('test', 'echo "[]"'))).rejects.toThrow('without Username and Secret');
  });
  it('answers without end', async () => {
    await expect(get(helper('test', 'exec cat /dev/zero'))).rejects.toThrow('too much output');
  });
  it('has a name that leads elsewhere', () => {
    expect(() => credentialHelper('../../bin/x', { env: {} })).toThrow('is not valid');
  });
});

describe('with a broken helper', () => {
  let engine: FakeEngine;
  beforeEach(async () => {
    engine = await startFakeEngine(sampleRoutes());
    writeFileSync(
      join(engine.folder, 'config.json'),
      JSON.stringify({ credsStore: 'absent', auths: { [HUB]: { auth: 'dTpw' } } }),
    );
  });
  afterEach(() => engine[Symbol.asyncDispose]());

  it('login fails before anything is sent', async () => {
    const outcome = await runBerth(engine, ['login', 'reg.example.com'], { env: { PATH: folder } });
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain('docker-credential-absent');
    expect(engine.seen).toEqual([]);
  });

  it('pull says so and sends no credentials', async () => {
    const outcome = await runBerth(engine, ['pull', '-q', 'reg.example.com/a'], { env: { PATH: folder } });
    expect(outcome.stderr).toContain('Going on without credentials for reg.example.com');
    expect(engine.seen.map((request) => request.headers['x-registry-auth'])).toEqual(['e30=']);
  });
});

describe('credentials go to their own registry alone', () => {
  it.each([
    ['reg.example.com/a', 'reg.example.com', true],
    ['reg.example.com:5000/a', 'reg.example.com', false],
    ['reg.example.com.evil.org/a', 'reg.example.com', false],
    ['busybox', 'https://index.docker.io/v1/', true],
    ['docker.io/library/busybox', 'https://index.docker.io/v1/', true],
    ['user/busybox', 'https://index.docker.io/v1/', true],
    ['localhost/busybox', 'https://index.docker.io/v1/', false],
    ['reg.example.com/a', 'https://reg.example.com/v1/', true],
  ])('%s with a login at %s', async (image, login, given) => {
    await using engine = await startFakeEngine(sampleRoutes());
    const auth = Buffer.from('u:p').toString('base64');
    writeFileSync(join(engine.folder, 'config.json'), JSON.stringify({ auths: { [login]: { auth } } }));
    await runBerth(engine, ['pull', '-q', image]);
    const sent = JSON.parse(Buffer.from(String(engine.seen[0]?.headers['x-registry-auth']), 'base64').toString());
    expect(sent.password).toBe(given ? 'p' : undefined);
  });

  it('names servers as Docker does', () => {
    expect([serverKey(''), serverKey('docker.io'), serverKey('https://a.b/v2/')]).toEqual([HUB, HUB, 'a.b']);
    expect([serverOfImage('a/b'), serverOfImage('a.b/c'), serverHost('http://x:5/y')]).toEqual([HUB, 'a.b', 'x:5']);
  });
});

describe('config.json', () => {
  it('keeps everything else, its mode and its link', () => {
    mkdirSync(join(folder, 'real'));
    const real = join(folder, 'real', 'config.json');
    writeFileSync(real, JSON.stringify({ psFormat: 'x', future: { a: 1 } }));
    chmodSync(real, 0o640);
    symlinkSync(real, join(folder, 'config.json'));
    changeAuths(folder, (auths) => ({ ...auths, 'a.b': { auth: 'x' } }));
    expect(JSON.parse(readFileSync(real, 'utf8'))).toEqual({
      psFormat: 'x',
      future: { a: 1 },
      auths: { 'a.b': { auth: 'x' } },
    });
    expect(statSync(real).mode & 0o777).toBe(0o640);
  });

  it('a new one is for its owner alone', () => {
    const fresh = join(folder, 'new');
    changeAuths(fresh, () => ({ 'a.b': { auth: 'x' } }));
    expect(statSync(join(fresh, 'config.json')).mode & 0o777).toBe(0o600);
    expect(statSync(fresh).mode & 0o777).toBe(0o700);
  });

  it('one that cannot be read stays as it is', () => {
    writeFileSync(join(folder, 'config.json'), '{broken');
    expect(() => changeAuths(folder, () => ({}))).toThrow('Error saving credentials');
    expect(readFileSync(join(folder, 'config.json'), 'utf8')).toBe('{broken');
  });

  it('login and logout round trip, with a helper as well', async () => {
    await using engine = await startFakeEngine(sampleRoutes());
    const config = () => JSON.parse(readFileSync(join(engine.folder, 'config.json'), 'utf8'));
    const login = ['login', '-u', 'u', '--password-stdin', 'reg.example.com'];
    expect((await runBerth(engine, login, { stdin: 'good\n' })).code).toBe(0);
    expect(config().auths).toEqual({ 'reg.example.com': { auth: Buffer.from('u:good').toString('base64') } });
    await runBerth(engine, ['logout', 'reg.example.com']);
    expect(config().auths).toEqual({});
    const env = helper('keep', `cat > ${folder}/$1`);
    writeFileSync(join(engine.folder, 'config.json'), JSON.stringify({ credHelpers: { 'reg.example.com': 'keep' } }));
    expect((await runBerth(engine, login, { stdin: 'good\n', env })).code).toBe(0);
    expect(JSON.parse(readFileSync(join(folder, 'store'), 'utf8'))).toEqual({
      ServerURL: 'reg.example.com',
      Username: 'u',
      Secret: 'good',
    });
    expect(config().auths).toEqual({ 'reg.example.com': {} });
  });
});
