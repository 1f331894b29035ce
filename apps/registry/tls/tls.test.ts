import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, get, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { createLogger } from '@berth/kit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Certificates, makeCertificates } from '../../../tests/support/certificates.ts';
import { openTls, type TlsSettings } from './open-tls.ts';

const folder = mkdtempSync(join(tmpdir(), 'berth-registry-tls-'));
const said: string[] = [];
const logger = createLogger('info', 'text', (line) => said.push(line));
let first: Certificates;
let second: Certificates;
let settings: TlsSettings;
const servers: Server[] = [];

beforeAll(() => {
  for (const name of ['one', 'two', 'used']) mkdirSync(join(folder, name));
  first = makeCertificates(join(folder, 'one'));
  second = makeCertificates(join(folder, 'two'));
  settings = { certificate: join(folder, 'used/cert.pem'), key: join(folder, 'used/key.pem') };
});
afterAll(() => {
  for (const server of servers) server.closeAllConnections();
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true });
});

function use({ serverCert, serverKey }: Certificates): void {
  copyFileSync(serverCert, settings.certificate);
  copyFileSync(serverKey, settings.key);
}

async function start(changes: Partial<TlsSettings> = {}) {
  const files = await openTls({ ...settings, ...changes }, logger);
  const server = createServer(files.options, (_, response) => response.end('hello'));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { files, server, port: (server.address() as AddressInfo).port };
}

function ask(port: number, options: { ca: string; agent?: Agent; cert?: string; key?: string }): Promise<string> {
  const { ca, cert, key, agent } = options;
  const read = (path: string | undefined) => (path === undefined ? {} : readFileSync(path));
  return new Promise((resolve, reject) => {
    const tls = {
      ca: readFileSync(ca),
      ...(cert && key ? { cert: read(cert) as Buffer, key: read(key) as Buffer } : {}),
    };
    get({ host: '127.0.0.1', port, ...tls, ...(agent ? { agent } : {}) }, (response) => {
      response.setEncoding('utf8').on('data', resolve);
    }).on('error', reject);
  });
}

function handshake(port: number, version: 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3'): Promise<string> {
  return new Promise((resolve) => {
    const limits = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT:@SECLEVEL=0' } as const;
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...limits }, () => {
      resolve(socket.getProtocol() ?? '');
      socket.destroy();
    });
    socket.on('error', () => resolve('refused'));
  });
}

test('new files count for new connections, and old connections go on', async () => {
  use(first);
  const { files, server, port } = await start();
  const following = files.follow(server, 60_000);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  expect(await ask(port, { ca: first.ca, agent })).toBe('hello');
  use(second);
  await following.look();
  expect(await ask(port, { ca: second.ca })).toBe('hello');
  await expect(ask(port, { ca: first.ca })).rejects.toThrow();
  expect(await ask(port, { ca: first.ca, agent })).toBe('hello');
  writeFileSync(settings.key, 'no key');
  await following.look();
  await following.look();
  expect(await ask(port, { ca: second.ca })).toBe('hello');
  expect(said.filter((line) => line.includes('cannot be used'))).toHaveLength(1);
  use(first);
  await following.look();
  expect(await ask(port, { ca: first.ca })).toBe('hello');
  following.end();
  agent.destroy();
});

test('old versions are not spoken; 1.3 can be asked for', async () => {
  use(first);
  const usual = await start();
  expect(await handshake(usual.port, 'TLSv1.1')).toBe('refused');
  expect(await handshake(usual.port, 'TLSv1.2')).toBe('TLSv1.2');
  expect(await handshake(usual.port, 'TLSv1.3')).toBe('TLSv1.3');
  const strict = await start({ minVersion: '1.3' });
  expect(await handshake(strict.port, 'TLSv1.2')).toBe('refused');
  expect(await handshake(strict.port, 'TLSv1.3')).toBe('TLSv1.3');
});

test('with authorities of clients, only their clients are let in', async () => {
  use(first);
  const { port } = await start({ clientAuthorities: first.ca });
  expect(await ask(port, { ca: first.ca, cert: first.clientCert, key: first.clientKey })).toBe('hello');
  await expect(ask(port, { ca: first.ca })).rejects.toThrow();
  await expect(ask(port, { ca: first.ca, cert: second.clientCert, key: second.clientKey })).rejects.toThrow();
});

test('files that cannot be used are named', async () => {
  use(first);
  await expect(start({ key: second.serverKey })).rejects.toThrow(/cannot be used for TLS together/);
  await expect(start({ certificate: '/none' })).rejects.toThrow(/the file \/none for TLS cannot be read/);
  await expect(start({ clientAuthorities: '/none' })).rejects.toMatchObject({ code: 'invalid' });
});
