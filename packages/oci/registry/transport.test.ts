import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectionError } from './connection-error.ts';
import { createTransport, type Transport } from './transport.ts';

const dir = mkdtempSync(join(tmpdir(), 'berth-transport-'));
const signal = new AbortController().signal;
let server: https.Server;
let port = 0;
const transports: Transport[] = [];

beforeAll(async () => {
  makeCertificates();
  server = https.createServer(
    {
      key: readFileSync(join(dir, 'server.key')),
      cert: readFileSync(join(dir, 'server.crt')),
      ca: readFileSync(join(dir, 'ca.crt')),
      requestCert: true,
      rejectUnauthorized: false,
    },
    (request, response) => {
      const peer = (request.socket as TLSSocket).getPeerCertificate();
      response.end(JSON.stringify({ client: peer.subject?.CN ?? null, host: request.headers.host }));
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(() => {
  for (const transport of transports.splice(0)) transport.close();
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(dir, { recursive: true });
});

/** A CA, a server certificate for localhost and registry.test, and a client certificate. */
function makeCertificates(): void {
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: dir, stdio: 'pipe' });
  const request = (name: string) =>
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    );
  openssl(
    'req',
    '-x509',
    '-newkey',
    'ec',
    '-pkeyopt',
    'ec_paramgen_curve:P-256',
    '-nodes',
    '-subj',
    '/CN=test CA',
    '-days',
    '2',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
  );
  writeFileSync(join(dir, 'names'), 'subjectAltName=DNS:localhost,DNS:registry.test');
  for (const name of ['server', 'client']) {
    request(name);
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.crt',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-days',
      '2',
      '-extfile',
      'names',
      '-out',
      `${name}.crt`,
    );
  }
}

function transport(options: Parameters<typeof createTransport>[0] = {}): Transport {
  const made = createTransport({ env: {}, certificateDirectories: [], ...options });
  transports.push(made);
  return made;
}

async function get(by: Transport, url: string, insecure = false): Promise<{ client: string | null; host: string }> {
  const { body } = await by.send({ method: 'GET', url: new URL(url), insecure, signal });
  let text = '';
  for await (const chunk of body) text += chunk;
  return JSON.parse(text);
}

/** A certificate directory with what it holds for this server. */
function certificates(files: Record<string, string>): string {
  const parent = mkdtempSync(join(dir, 'certs-'));
  const own = join(parent, `localhost:${port}`);
  mkdirSync(own);
  for (const [name, source] of Object.entries(files)) writeFileSync(join(own, name), readFileSync(join(dir, source)));
  return parent;
}

describe('TLS', () => {
  it('refuses a certificate of an unknown authority, and says where to put the authority', async () => {
    const url = new URL(`https://localhost:${port}/`);
    const failure = await get(transport(), url.href).catch((error: unknown) => error);
    expect(connectionError('GET', url, failure)).toMatchObject({
      message: `Get "https://localhost:${port}/": tls: failed to verify certificate: x509: certificate signed by unknown authority`,
      hint: expect.stringContaining(`/etc/berth/certs.d/localhost:${port}/ca.crt`),
    });
  });

  it('accepts it where the endpoint was declared insecure, and then only there', async () => {
    const one = transport();
    await get(one, `https://localhost:${port}/`, true);
    await expect(get(one, `https://localhost:${port}/`)).rejects.toThrow();
  });

  it('knows a host’s own authority, also when the file comes or changes later', async () => {
    const parent = certificates({ 'ca.crt': 'ca.crt' });
    const file = join(parent, `localhost:${port}`, 'ca.crt');
    const one = transport({ certificateDirectories: [join(dir, 'absent'), parent] });
    expect((await get(one, `https://localhost:${port}/`)).client).toBeNull();
    writeFileSync(file, '');
    utimesSync(file, new Date(), new Date(Date.now() + 5000));
    await expect(get(one, `https://localhost:${port}/`)).rejects.toThrow();
  });

  it('shows a client certificate to its own host', async () => {
    const parent = certificates({ 'ca.crt': 'ca.crt', 'me.cert': 'client.crt', 'me.key': 'client.key' });
    const answer = await get(transport({ certificateDirectories: [parent] }), `https://localhost:${port}/`);
    expect(answer.client).toBe('client');
  });

  it('says which key is missing', async () => {
    const parent = certificates({ 'me.cert': 'client.crt' });
    await expect(get(transport({ certificateDirectories: [parent] }), `https://localhost:${port}/`)).rejects.toThrow(
      'missing key me.key for client certificate me.cert',
    );
  });

  it('says when there is no TLS on the other side, and what to do', async () => {
    const plain = http.createServer((_request, response) => response.end());
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    try {
      const url = new URL(`https://127.0.0.1:${(plain.address() as AddressInfo).port}/`);
      const failure = await get(transport(), url.href).catch((error: unknown) => error);
      expect(connectionError('HEAD', url, failure)).toMatchObject({
        message: `Head "${url.href}": http: server gave HTTP response to HTTPS client`,
        hint: expect.stringContaining(`--insecure-registry ${url.host}`),
      });
    } finally {
      plain.closeAllConnections();
      plain.close();
    }
  });

  it('refuses a certificate of another name', async () => {
    const parent = mkdtempSync(join(dir, 'certs-'));
    mkdirSync(join(parent, `127.0.0.1:${port}`));
    writeFileSync(join(parent, `127.0.0.1:${port}`, 'ca.crt'), readFileSync(join(dir, 'ca.crt')));
    const url = new URL(`https://127.0.0.1:${port}/`);
    const failure = await get(transport({ certificateDirectories: [parent] }), url.href).catch(
      (error: unknown) => error,
    );
    expect(connectionError('GET', url, failure).message).toContain('certificate is not valid for this name');
  });
});

describe('proxies', () => {
  it('carry HTTPS through a tunnel and never see loopback', async () => {
    const tunnels: string[] = [];
    const proxy = http.createServer();
    proxy.on('connect', (request, socket) => {
      tunnels.push(request.url ?? '');
      const onward = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
      socket.pipe(onward).pipe(socket);
      socket.on('error', () => onward.destroy());
      onward.on('error', () => socket.destroy());
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const parent = mkdtempSync(join(dir, 'certs-'));
      mkdirSync(join(parent, 'registry.test'));
      writeFileSync(join(parent, 'registry.test', 'ca.crt'), readFileSync(join(dir, 'ca.crt')));
      const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const one = transport({ env: { HTTPS_PROXY: address }, certificateDirectories: [parent] });
      expect((await get(one, 'https://registry.test/')).host).toBe('registry.test');
      expect(tunnels).toEqual(['registry.test:443']);
      await get(one, `https://localhost:${port}/`, true);
      expect(tunnels).toHaveLength(1);
      const spared = transport({ env: { HTTPS_PROXY: address, NO_PROXY: 'registry.test' } });
      await expect(get(spared, 'https://registry.test/')).rejects.toThrow();
      expect(tunnels).toHaveLength(1);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
  });
});

describe('silence', () => {
  it('ends a connection, before the answer and in the middle of it', async () => {
    const quiet = http.createServer((request, response) => {
      if (request.url === '/half') response.write('half');
    });
    await new Promise<void>((resolve) => quiet.listen(0, '127.0.0.1', resolve));
    try {
      const at = (path: string) => new URL(`http://127.0.0.1:${(quiet.address() as AddressInfo).port}${path}`);
      const one = transport();
      const none = one.send({ method: 'GET', url: at('/'), idleTimeout: 50, signal });
      await expect(none).rejects.toMatchObject({ code: 'ETIMEDOUT' });
      const { body } = await one.send({ method: 'GET', url: at('/half'), idleTimeout: 50, signal });
      const reading = (async () => {
        for await (const _ of body);
      })();
      await expect(reading).rejects.toMatchObject({ code: 'ETIMEDOUT' });
    } finally {
      quiet.closeAllConnections();
      quiet.close();
    }
  });
});
