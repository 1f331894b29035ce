import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@berth/kit';
import { afterEach } from 'vitest';
import { readConfig } from '../../apps/registry/settings/config.ts';
import { startRegistry } from '../../apps/registry/start.ts';

export const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
export const digestOf = (bytes: Buffer | string) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
/** Undone after each test. */
const scope: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const undo of scope.splice(0).reverse()) await undo();
});

/** A registry of somebody else, whose answers a test decides. */
export interface Other {
  url: string;
  host: string;
  /** `METHOD path` with the Authorization that came. */
  requests: { line: string; authorization: string | undefined }[];
  /** Path → answer; what is not there is 404. */
  answers: Map<string, (request: IncomingMessage, response: ServerResponse) => void>;
  count(pattern: RegExp): number;
  close(): Promise<void>;
}

export async function startOther(): Promise<Other> {
  const requests: Other['requests'] = [];
  const answers: Other['answers'] = new Map([['/v2/', (_, response) => void response.end('{}')]]);
  const server: Server = createServer((request, response) => {
    requests.push({ line: `${request.method} ${request.url}`, authorization: request.headers.authorization });
    const answer = answers.get((request.url ?? '').split('?')[0]!);
    if (answer) answer(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  scope.push(close);
  const count = (pattern: RegExp) => requests.filter(({ line }) => pattern.test(line)).length;
  return { url: `http://${host}`, host, requests, answers, count, close };
}

export function send(bytes: Buffer, headers: Record<string, string> = {}) {
  return (request: IncomingMessage, response: ServerResponse) => {
    response.writeHead(200, { 'content-length': bytes.length, ...headers });
    response.end(request.method === 'HEAD' ? undefined : bytes);
  };
}

/** An image with one layer; gives what it is made of. */
export function offer(other: Other, repository: string, tag: string, layer = randomBytes(100_000)) {
  const config = Buffer.from(JSON.stringify({ made: randomBytes(8).toString('hex') }));
  const describe = (bytes: Buffer, mediaType: string) => ({ mediaType, digest: digestOf(bytes), size: bytes.length });
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: describe(config, 'application/vnd.oci.image.config.v1+json'),
      layers: [describe(layer, 'application/vnd.oci.image.layer.v1.tar+gzip')],
    }),
  );
  const headers = { 'content-type': MANIFEST, 'docker-content-digest': digestOf(manifest) };
  for (const name of [tag, digestOf(manifest)])
    other.answers.set(`/v2/${repository}/manifests/${name}`, send(manifest, headers));
  for (const blob of [config, layer]) other.answers.set(`/v2/${repository}/blobs/${digestOf(blob)}`, send(blob));
  return {
    manifest,
    config,
    layer,
    digest: digestOf(manifest),
    layerPath: `/v2/${repository}/blobs/${digestOf(layer)}`,
  };
}

export interface StartOptions {
  upstream?: object;
  config?: object;
  root?: string;
}

export async function startCache(other: Other, { upstream = {}, config = {}, root }: StartOptions = {}) {
  const folder = root ?? mkdtempSync(join(tmpdir(), 'berth-upstreams-'));
  if (root === undefined) scope.push(async () => rmSync(folder, { recursive: true, force: true }));
  const log: string[] = [];
  const document = {
    root: folder,
    listen: '127.0.0.1:0',
    upstreams: [{ prefix: 'hub.test', url: other.url, ttl: '1h', ...upstream }],
    watch: { listen: '127.0.0.1:0' },
    ...config,
  };
  const running = await startRegistry(
    readConfig(document, ''),
    createLogger('debug', 'text', (line) => log.push(line)),
  );
  scope.push(() => running.stop());
  const ask = async (path: string, init?: RequestInit) => {
    const response = await fetch(`http://${running.address}${path}`, init);
    return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
  };
  const figures = async () => (await (await fetch(`http://${running.watched}/metrics`)).text()).split('\n');
  return { ...running, ask, log, root: folder, figures };
}
