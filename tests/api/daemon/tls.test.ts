import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { connect } from 'node:tls';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, IMAGE, startContainers } from '../../support/containers.ts';
import { engineProgram, reload, tcpPort } from '../../support/daemon.ts';
import { type CommandResult, docker, run } from '../../support/docker.ts';
import { request } from '../../support/request.ts';

let directory: string;
let certificates: string;
const place = (name: string) => join(certificates, name);
const tlsFlags = () => [
  '--tlsverify',
  ...['--tlscacert', place('ca.pem')],
  ...['--tlscert', place('server-cert.pem')],
  ...['--tlskey', place('server-key.pem')],
];

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'berth-tls-'));
  certificates = join(directory, 'tls');
  const made = await engineProgram('tls', 'init', '--dir', certificates, '--host', 'engine.test', '--host', '10.9.8.7');
  expect(made).toMatchObject({ code: 0, stderr: '' });
  expect(made.stdout).toContain(`--tlscert ${certificates}/server-cert.pem`);
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describe('berth daemon tls init', () => {
  test('makes keys for their owner alone, and leaves nothing else', () => {
    expect(readdirSync(directory)).toEqual(['tls']);
    expect(readdirSync(certificates).sort()).toEqual([
      ...['ca-key.pem', 'ca.pem', 'client', 'server-cert.pem', 'server-key.pem'],
    ]);
    expect(readdirSync(place('client')).sort()).toEqual(['ca.pem', 'cert.pem', 'key.pem']);
    for (const key of ['ca-key.pem', 'server-key.pem', 'client/key.pem'])
      expect(statSync(place(key)).mode & 0o777).toBe(0o600);
    expect(statSync(certificates).mode & 0o077).toBe(0);
  });

  test('makes certificates that are good for one thing each', async () => {
    const verify = async (file: string, purpose: string) =>
      (await run('openssl', ['verify', '-CAfile', place('ca.pem'), '-purpose', purpose, place(file)])).code;
    expect(await verify('server-cert.pem', 'sslserver')).toBe(0);
    expect(await verify('client/cert.pem', 'sslclient')).toBe(0);
    expect(await verify('server-cert.pem', 'sslclient')).not.toBe(0);
    expect(await verify('client/cert.pem', 'sslserver')).not.toBe(0);
    const { stdout } = await run('openssl', ['x509', '-in', place('server-cert.pem'), '-noout', '-text']);
    expect(stdout).toContain('DNS:engine.test, IP Address:10.9.8.7, DNS:localhost, IP Address:127.0.0.1');
    expect(stdout).toContain('ASN1 OID: prime256v1');
  });

  test('refuses to overwrite', async () => {
    const before = readFileSync(place('ca.pem'), 'utf8');
    const again = await engineProgram('tls', 'init', '--dir', certificates);
    expect(again).toMatchObject({ code: 1, stderr: expect.stringContaining('refusing to overwrite') });
    expect(readFileSync(place('ca.pem'), 'utf8')).toBe(before);
  });

  test.each([
    [['--host', 'a,DNS:b'], '--host: "a,DNS:b" is neither a host name nor an IP address'],
    [['--days', '0'], '--days: "0" is not a whole number from 1'],
    [['--wrong'], 'wrong'],
  ])('%j is refused, and nothing is made', async (flags, reason) => {
    const at = join(directory, 'other');
    const { code, stderr } = await engineProgram('tls', 'init', '--dir', at, ...flags);
    expect([code, stderr]).toEqual([1, expect.stringContaining(reason)]);
    expect(existsSync(at)).toBe(false);
  });
});

describe('an engine with --tlsverify', () => {
  let c: Containers;
  let port: number;
  beforeAll(async () => {
    c = await startContainers({ args: [...tlsFlags(), '-H', 'tcp://0.0.0.0:0', '--metrics-addr', '0.0.0.0:0'] });
    port = tcpPort(c.engine);
  });
  afterAll(() => c.engine.stop());

  /** The real client, as one with this machine's client certificate. */
  const remote = (args: string[], options: { input?: Buffer; env?: Record<string, string> } = {}) =>
    docker({ host: `tcp://127.0.0.1:${port}` }, args, {
      ...options,
      env: { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: place('client'), ...options.env },
    });

  test('serves the docker client by its variables and by its flags', async () => {
    expect((await remote(['version', '--format', '{{.Server.Version}}'])).stdout).toMatch(/^\d/);
    const files = [`--tlscacert=${place('client/ca.pem')}`, `--tlscert=${place('client/cert.pem')}`];
    const flags = ['--tlsverify', ...files, `--tlskey=${place('client/key.pem')}`, 'info', '--format', '{{.ID}}'];
    const byFlags = await remote(flags, { env: { DOCKER_TLS_VERIFY: '', DOCKER_CERT_PATH: '/none' } });
    expect(byFlags).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[0-9a-f-]{36}\n$/) });
  });

  test('run and exec carry input to its end and answer after it, byte for byte', async () => {
    const data = randomBytes(8 * 1024 * 1024);
    const sum = `${createHash('sha256').update(data).digest('hex')}  -\n`;
    expect(await remote(['run', '-i', '--rm', IMAGE, 'sha256sum'], { input: data })).toMatchObject({
      code: 0,
      stdout: sum,
    });
    const id = (await remote(['run', '-d', IMAGE, 'sleep', '600'])).stdout.trim();
    expect(await remote(['exec', '-i', id, 'sha256sum'], { input: data })).toMatchObject({ code: 0, stdout: sum });
    const echo = await remote(['exec', '-i', id, 'sh', '-c', 'cat >/tmp/x; wc -c </tmp/x; exit 7'], { input: data });
    expect(echo).toMatchObject({ code: 7, stdout: `${data.length}\n` });
    expect((await remote(['rm', '-f', id])).code).toBe(0);
  });

  test('serves our own client the same way', async () => {
    const berth = (args: string[], input?: Buffer) =>
      run(process.execPath, [resolve(import.meta.dirname, '../../../apps/cli/main.ts'), ...args], {
        env: { DOCKER_HOST: `tcp://127.0.0.1:${port}`, DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: place('client') },
        ...(input === undefined ? {} : { input }),
      });
    const data = randomBytes(1024 * 1024);
    const sum = `${createHash('sha256').update(data).digest('hex')}  -\n`;
    expect(await berth(['run', '-i', '--rm', IMAGE, 'sha256sum'], data)).toMatchObject({ code: 0, stdout: sum });
  });

  test('what a program says long after its input ended still comes', async () => {
    const late = await remote(['run', '-i', '--rm', IMAGE, 'sh', '-c', 'cat; sleep 1.5; echo late'], {
      input: Buffer.from('early\n'),
    });
    expect(late).toMatchObject({ code: 0, stdout: 'early\nlate\n' });
  });

  const refused = async (env: Record<string, string>, flags: string[]): Promise<CommandResult> =>
    remote([...flags, 'version'], { env });

  test('lets nobody in without a certificate of its authority', async () => {
    const anonymous = await new Promise<string>((resolve) => {
      const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(place('ca.pem')), servername: 'localhost' });
      socket.on('secureConnect', () => socket.write('GET /_ping HTTP/1.1\r\nHost: localhost\r\n\r\n'));
      let got = '';
      socket.on('data', (chunk) => {
        got += chunk;
      });
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
      socket.on('close', () => resolve(got));
    });
    expect(anonymous).not.toContain('HTTP/1.1');
    const plain = await refused({ DOCKER_TLS_VERIFY: '', DOCKER_CERT_PATH: '' }, []);
    expect(plain).toMatchObject({ code: 1, stdout: expect.not.stringContaining('Server') });

    const foreign = join(directory, 'foreign');
    expect((await engineProgram('tls', 'init', '--dir', foreign)).code).toBe(0);
    writeFileSync(join(foreign, 'client/ca.pem'), readFileSync(place('ca.pem'))); // trusts us, we do not trust it
    const stranger = await refused({ DOCKER_CERT_PATH: join(foreign, 'client') }, []);
    expect(stranger.code).toBe(1);
    expect(stranger.stderr).toMatch(/tls: (certificate required|unknown certificate authority|bad certificate)/);
  });

  test('the certificate of the engine is none of a client', async () => {
    const status = await ask(port, { cert: place('server-cert.pem'), key: place('server-key.pem') }).catch(String);
    expect(status).toMatch(/Error/);
  });

  test('metrics beyond loopback are for clients with a certificate too', async () => {
    const metrics = Number(/metrics are served.*address=0\.0\.0\.0:(\d+)/.exec(c.engine.output())?.[1]);
    const client = { cert: place('client/cert.pem'), key: place('client/key.pem') };
    expect(await ask(metrics, client, {}, undefined, '/metrics')).toBe(200);
    expect(await ask(metrics, client, {}, undefined, '/info')).toBe(404);
    await expect(ask(metrics, undefined, {}, undefined, '/metrics')).rejects.toThrow();
    await expect(request({ host: '127.0.0.1', port: metrics }, 'GET', '/metrics')).rejects.toThrow();
  });

  test('pages of others are refused, whoever holds the certificate', async () => {
    const client = { cert: place('client/cert.pem'), key: place('client/key.pem') };
    expect(await ask(port, client)).toBe(200);
    expect(await ask(port, client, { Origin: 'https://evil.example' })).toBe(403);
    expect(await ask(port, client, { Host: 'engine.test:2376', Origin: 'https://engine.test:2376' })).toBe(200);
  });

  test('SIGHUP takes other certificates of the same names', async () => {
    const serial = () =>
      new Promise<string>((resolve, reject) => {
        const options = { host: '127.0.0.1', port, rejectUnauthorized: false };
        const socket = connect(options, () => {
          resolve(socket.getPeerCertificate().serialNumber);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const before = await serial();
    const other = join(directory, 'renewed');
    expect((await engineProgram('tls', 'init', '--dir', other)).code).toBe(0);
    for (const file of [
      'ca.pem',
      'server-cert.pem',
      'server-key.pem',
      'client/ca.pem',
      'client/cert.pem',
      'client/key.pem',
    ])
      writeFileSync(place(file), readFileSync(join(other, file)));
    await reload(c.engine);
    expect(await serial()).not.toBe(before);
    expect((await remote(['version', '--format', '{{.Server.Version}}'])).code).toBe(0);
    const good = readFileSync(place('server-key.pem'));
    writeFileSync(place('server-key.pem'), readFileSync(place('client/key.pem')));
    expect(await reload(c.engine)).toMatch(/nothing has changed.*is not the key of/);
    writeFileSync(place('server-key.pem'), good);
  });

  test('old versions of TLS are refused', async () => {
    const client = { cert: place('client/cert.pem'), key: place('client/key.pem') };
    await expect(ask(port, client, {}, 'TLSv1.1')).rejects.toThrow();
    expect(await ask(port, client, {}, 'TLSv1.2')).toBe(200);
  });
});

function ask(
  port: number,
  files: { cert: string; key: string } | undefined,
  headers: Record<string, string> = {},
  version?: 'TLSv1.1' | 'TLSv1.2',
  path = '/_ping',
): Promise<number> {
  return new Promise((resolve, reject) => {
    const asking = https.request({
      ...{ host: '127.0.0.1', port, path, headers, servername: 'localhost', agent: false },
      ca: readFileSync(place('ca.pem')),
      ...(files ? { cert: readFileSync(files.cert), key: readFileSync(files.key) } : {}),
      ...(version === undefined ? {} : { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' }),
    });
    asking.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    asking.on('error', reject);
    asking.end();
  });
}

describe('TLS that cannot be', () => {
  const validate = (...flags: string[]) => engineProgram('--config-file', '/dev/null', '--validate', ...flags);

  test('says what is missing or wrong, at a check and before anything is made', async () => {
    expect(await validate(...tlsFlags())).toEqual({ code: 0, stdout: 'configuration OK\n', stderr: '' });
    const key = await validate('--tls', '--tlscert', place('server-cert.pem'), '--tlskey', place('client/key.pem'));
    expect(key).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/client\/key\.pem is not the key of .*server-cert/),
    });
    const missing = await validate('--tlsverify', '--tlscert', '/no/such.pem');
    expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/--tlscert: cannot read .*no such file/) });
    const none = await validate('--tls', '--tlscert', place('server-key.pem'), '--tlskey', place('server-key.pem'));
    expect(none).toMatchObject({ code: 1, stderr: expect.stringContaining('holds no certificate in PEM form') });
  });

  test('an address that others reach needs client certificates', async () => {
    const open = ['-H', 'tcp://0.0.0.0:2375'];
    const plain = await validate(...open);
    expect(plain).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('whoever reaches this address owns this machine'),
    });
    expect(plain.stderr).toContain('--tlsverify');
    const half = ['--tls', '--tlscert', place('server-cert.pem'), '--tlskey', place('server-key.pem')];
    expect(await validate(...open, ...half)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('TLS without client certificates lets everybody in'),
    });
    expect((await validate(...open, '--allow-anyone-on-the-network-to-be-root')).code).toBe(0);
    expect((await validate(...open, ...tlsFlags())).code).toBe(0);
  });
});
