import { createHash, randomBytes } from 'node:crypto';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Certificates, makeCertificates } from '../../support/certificates.ts';
import { clientProgram } from '../../support/client.ts';
import { tcpPort } from '../../support/daemon.ts';
import { type CommandOptions, run } from '../../support/docker.ts';
import { openPlace, type Place } from '../cli/place.ts';

let place: Place;
let certificates: Certificates;
let port: number;
let env: Record<string, string>;

beforeAll(async () => {
  certificates = makeCertificates(mkdtempSync(join(tmpdir(), 'berth-tls-')));
  const files = [
    '--tlscacert',
    certificates.ca,
    '--tlscert',
    certificates.serverCert,
    '--tlskey',
    certificates.serverKey,
  ];
  place = await openPlace({ args: ['--tlsverify', ...files, '-H', 'tcp://0.0.0.0:0'] });
  port = tcpPort(place.engine);
  // As Docker looks for them: ca.pem, cert.pem, key.pem in one folder.
  const folder = join(place.folder, 'client-certs');
  mkdirSync(folder);
  copyFileSync(certificates.ca, join(folder, 'ca.pem'));
  copyFileSync(certificates.clientCert, join(folder, 'cert.pem'));
  copyFileSync(certificates.clientKey, join(folder, 'key.pem'));
  env = {
    ...place.env,
    DOCKER_HOST: `tcp://127.0.0.1:${port}`,
    DOCKER_TLS_VERIFY: '1',
    DOCKER_CERT_PATH: folder,
  };
});
afterAll(async () => {
  rmSync(certificates.folder, { recursive: true });
  await place?.[Symbol.asyncDispose]();
});

const MAIN = new URL('../../../apps/cli/main.ts', import.meta.url).pathname;
const NODE = new URL('../../../node_modules/.bin/node', import.meta.url).pathname;

/** The built client (Bun), the same sources on Node, and Docker's own as a measure. */
const CLIENTS = {
  'berth under Bun': () => [clientProgram('berth')],
  'berth under Node': () => [NODE, MAIN],
  docker: () => [clientProgram('docker')],
};

describe.each(Object.entries(CLIENTS))('%s over TLS', (_name, words) => {
  const client = (args: string[], options: CommandOptions = {}) => {
    const [program = '', ...first] = words();
    return run(program, [...first, ...args], { ...options, env: { ...env, ...options.env } });
  };

  it('asks and is answered', async () => {
    const { code, stdout, stderr } = await client(['version', '--format', '{{.Server.Os}}']);
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: 'linux\n', stderr: '' });
  });

  it('loses no byte of stdin nor of the output that follows its end', async () => {
    const data = randomBytes(16 * 1024 * 1024);
    const sum = createHash('sha256').update(data).digest('hex');
    const script = 'tee /tmp/in | sha256sum; cat /tmp/in | sha256sum';
    const { stdout, code } = await client(['run', '-i', '--rm', 'busybox', 'sh', '-c', script], { input: data });
    expect([code, stdout]).toEqual([0, `${sum}  -\n${sum}  -\n`]);
  });

  it('half-closes an exec and hears the rest', async () => {
    const name = `tls-exec-${randomBytes(4).toString('hex')}`;
    await client(['run', '-d', '--name', name, 'busybox', 'sleep', '1000']);
    try {
      const { stdout, code } = await client(['exec', '-i', name, 'sh', '-c', 'cat; echo after; exit 3'], {
        input: 'in\n',
      });
      expect([code, stdout]).toEqual([3, 'in\nafter\n']);
      const big = await client(['exec', name, 'sh', '-c', 'head -c 8388608 /dev/zero | tr "\\0" x']);
      expect(big.stdout.length).toBe(8 * 1024 * 1024);
    } finally {
      await client(['rm', '-f', name]);
    }
  });

  it('takes certificates by flags', async () => {
    const files = (from: Certificates) => [
      '--tlscacert',
      from.ca,
      '--tlscert',
      from.clientCert,
      '--tlskey',
      from.clientKey,
    ];
    const host = ['-H', `tcp://localhost:${port}`];
    const none = { DOCKER_HOST: '', DOCKER_TLS_VERIFY: '', DOCKER_CERT_PATH: '' };
    const seen = await client([...host, '--tlsverify', ...files(certificates), 'version', '-f', '{{.Server.Os}}'], {
      env: none,
    });
    expect([seen.code, seen.stdout]).toEqual([0, 'linux\n']);
    // Another CA: refused with --tlsverify, taken with --tls alone.
    const other = makeCertificates(mkdtempSync(join(place.folder, 'other-')));
    const mixed = ['--tlscacert', other.ca, '--tlscert', certificates.clientCert, '--tlskey', certificates.clientKey];
    const refused = await client([...host, '--tlsverify', ...mixed, 'ps'], { env: none });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toMatch(
      /^error during connect: .*tls: failed to verify certificate: x509: certificate signed by unknown authority/,
    );
    expect((await client([...host, '--tls', ...mixed, 'ps', '-q'], { env: none })).code).toBe(0);
    // A certificate of another CA is the server's to refuse.
    expect((await client([...host, '--tls', ...files(other), 'ps'], { env: none })).code).toBe(1);
  });

  it('refuses a server whose name is not in its certificate', async () => {
    const wrong = await client(['ps'], { env: { DOCKER_HOST: `tcp://127.0.0.2:${port}` } });
    expect(wrong.code).toBe(1);
  });

  it('says that a file is no certificate, and what a server without TLS answers', async () => {
    const wrong = await client(['--tlscacert', '/etc/passwd', 'ps']);
    expect([wrong.code, wrong.stderr]).toEqual([
      1,
      'Failed to initialize: failed to retrieve context tls info: ca.pem seems invalid\n',
    ]);
    const plain = createServer((_request, response) => response.end('[]')).listen(0, '127.0.0.1');
    await new Promise((resolve) => plain.once('listening', resolve));
    try {
      const { port: other } = plain.address() as AddressInfo;
      const { code, stderr } = await client(['ps'], { env: { DOCKER_HOST: `tcp://127.0.0.1:${other}` } });
      expect([code, stderr]).toEqual([
        1,
        expect.stringMatching(/^error during connect: .*http: server gave HTTP response to HTTPS client/),
      ]);
    } finally {
      await new Promise((resolve) => plain.close(resolve));
    }
  });

  it('reaches this machine whatever proxy is set', async () => {
    const proxies = {
      HTTP_PROXY: 'http://127.0.0.1:1',
      HTTPS_PROXY: 'http://127.0.0.1:1',
      https_proxy: 'http://127.0.0.1:1',
    };
    expect(await client(['ps', '-q'], { env: proxies })).toMatchObject({ code: 0, stderr: '' });
  });

  it('says which file is missing', async () => {
    const { code, stderr } = await client(['ps'], { env: { DOCKER_CERT_PATH: '/nowhere' } });
    expect([code, stderr]).toEqual([
      1,
      'Failed to initialize: unable to resolve docker endpoint: open /nowhere/ca.pem: no such file or directory\n',
    ]);
  });
});

it('is reached by a context with certificates, made by either client', async () => {
  const [berth, docker] = [clientProgram('berth'), clientProgram('docker')];
  const option = `host=tcp://127.0.0.1:${port},ca=${certificates.ca},cert=${certificates.clientCert},key=${certificates.clientKey}`;
  const plain = { ...place.env, DOCKER_HOST: '' };
  for (const [maker, user] of [
    [berth, docker],
    [docker, berth],
  ] as const) {
    const name = maker === berth ? 'by-berth' : 'by-docker';
    expect(await run(maker, ['context', 'create', name, '--docker', option], { env: plain })).toMatchObject({
      code: 0,
    });
    expect(await run(user, ['-c', name, 'version', '-f', '{{.Server.Os}}'], { env: plain })).toMatchObject({
      code: 0,
      stdout: 'linux\n',
    });
  }
});

it('takes the BERTH_ names of the variables before the DOCKER_ ones', async () => {
  const { DOCKER_CERT_PATH: folder = '', DOCKER_HOST: host = '' } = env;
  const seen = await run(clientProgram('berth'), ['version', '-f', '{{.Server.Os}}'], {
    env: {
      ...place.env,
      DOCKER_HOST: 'tcp://nowhere',
      BERTH_HOST: host,
      BERTH_TLS_VERIFY: '1',
      BERTH_CERT_PATH: folder,
    },
  });
  expect([seen.code, seen.stdout]).toEqual([0, 'linux\n']);
});
