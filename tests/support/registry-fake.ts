import { createHash, randomUUID } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A registry in memory that a test can make lie. Speaks the distribution protocol as far as a client needs it. */
export interface FakeRegistry {
  /** `127.0.0.1:PORT`. */
  readonly domain: string;
  readonly origin: string;
  /** By digest. */
  readonly blobs: Map<string, Buffer>;
  /** By `REPOSITORY:TAG` and `REPOSITORY@DIGEST`. */
  readonly manifests: Map<string, { mediaType: string; bytes: Buffer }>;
  /** Everything that was asked, in order. */
  readonly seen: SeenRequest[];
  /** Runs first; returns true when it has answered. */
  intercept: Intercept | undefined;
  addBlob(bytes: Uint8Array | string): { digest: `sha256:${string}`; size: number };
  /** Stores under its digest, and under the tag where one is given. */
  addManifest(
    repository: string,
    tag: string | undefined,
    mediaType: string,
    document: object,
  ): { digest: `sha256:${string}`; size: number; mediaType: string };
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface SeenRequest {
  method: string;
  url: string;
  headers: http.IncomingHttpHeaders;
  body: string;
}

export type Intercept = (request: http.IncomingMessage, response: http.ServerResponse, seen: SeenRequest) => boolean;

export async function startFakeRegistry(): Promise<FakeRegistry> {
  const blobs = new Map<string, Buffer>();
  const manifests = new Map<string, { mediaType: string; bytes: Buffer }>();
  const seen: SeenRequest[] = [];
  const server = http.createServer((request, response) => {
    const entry: SeenRequest = {
      method: request.method ?? '',
      url: request.url ?? '',
      headers: request.headers,
      body: '',
    };
    seen.push(entry);
    request.on('error', () => {}); // a client may go away: that is what some tests are about
    if (registry.intercept?.(request, response, entry) === true) return;
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      entry.body = Buffer.concat(chunks).toString('latin1');
      answer(registry, request, response, Buffer.concat(chunks));
    });
  });
  const { domain, close } = await listen(server);
  const registry: FakeRegistry = {
    domain,
    origin: `http://${domain}`,
    blobs,
    manifests,
    seen,
    intercept: undefined,
    addBlob: (content) => {
      const bytes = Buffer.from(content);
      const digest = sha256(bytes);
      blobs.set(digest, bytes);
      return { digest, size: bytes.byteLength };
    },
    addManifest: (repository, tag, mediaType, document) => {
      const bytes = Buffer.from(JSON.stringify(document));
      const digest = sha256(bytes);
      manifests.set(`${repository}@${digest}`, { mediaType, bytes });
      if (tag !== undefined) manifests.set(`${repository}:${tag}`, { mediaType, bytes });
      return { digest, size: bytes.byteLength, mediaType };
    },
    close,
    [Symbol.asyncDispose]: close,
  };
  return registry;
}

/** A server that only notes what it is sent. */
export async function startCollector(answerWith: http.RequestListener = (_request, response) => response.end('{}')) {
  const seen: SeenRequest[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = Buffer.concat(chunks).toString('latin1');
      seen.push({ method: request.method ?? '', url: request.url ?? '', headers: request.headers, body });
      answerWith(request, response);
    });
  });
  const { domain, close } = await listen(server);
  return { domain, origin: `http://${domain}`, seen, close, [Symbol.asyncDispose]: close };
}

async function listen(server: http.Server): Promise<{ domain: string; close(): Promise<void> }> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    domain: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(
  registry: FakeRegistry,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  body: Buffer,
): void {
  const url = new URL(request.url ?? '/', registry.origin);
  const path = url.pathname;
  if (path === '/v2/') {
    end(response, 200, {}, '{}');
    return;
  }
  const manifest = /^\/v2\/(.+)\/manifests\/(.+)$/.exec(path);
  if (manifest !== null) {
    answerManifest(registry, request, response, body, manifest[1]!, manifest[2]!);
    return;
  }
  const upload = /^\/v2\/(.+)\/blobs\/uploads\/(.*)$/.exec(path);
  if (upload !== null) {
    answerUpload(registry, request, response, body, url);
    return;
  }
  const blob = /^\/v2\/.+\/blobs\/(.+)$/.exec(path);
  if (blob !== null) {
    answerBlob(registry, request, response, blob[1]!);
    return;
  }
  fail(response, 404, 'NAME_UNKNOWN', 'repository name not known to registry');
}

function answerManifest(
  registry: FakeRegistry,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  body: Buffer,
  repository: string,
  reference: string,
): void {
  const key = (ref: string) => `${repository}${ref.includes(':') ? '@' : ':'}${ref}`;
  if (request.method === 'PUT') {
    const stored = { mediaType: request.headers['content-type'] ?? '', bytes: body };
    registry.manifests.set(key(reference), stored);
    registry.manifests.set(key(sha256(body)), stored);
    end(response, 201, { 'docker-content-digest': sha256(body) }, '');
    return;
  }
  const found = registry.manifests.get(key(reference));
  if (found === undefined) {
    fail(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    return;
  }
  const headers = {
    'content-type': found.mediaType,
    'docker-content-digest': sha256(found.bytes),
    'content-length': found.bytes.byteLength,
  };
  end(response, 200, headers, request.method === 'HEAD' ? '' : found.bytes);
}

function answerUpload(
  registry: FakeRegistry,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  body: Buffer,
  url: URL,
): void {
  const mount = url.searchParams.get('mount');
  if (request.method === 'POST') {
    if (mount !== null && registry.blobs.has(mount)) {
      end(response, 201, {}, '');
      return;
    }
    end(response, 202, { location: `${url.pathname}${randomUUID()}?_state=a%3D` }, '');
    return;
  }
  if (request.method === 'PATCH') {
    registry.blobs.set(url.pathname, body);
    end(response, 202, { location: `${url.pathname}?_state=b%3D` }, '');
    return;
  }
  const digest = url.searchParams.get('digest') ?? '';
  const content = registry.blobs.get(url.pathname) ?? Buffer.alloc(0);
  if (sha256(content) !== digest) {
    fail(response, 400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
    return;
  }
  registry.blobs.delete(url.pathname);
  registry.blobs.set(digest, content);
  end(response, 201, {}, '');
}

function answerBlob(
  registry: FakeRegistry,
  request: http.IncomingMessage,
  response: http.ServerResponse,
  digest: string,
): void {
  const bytes = registry.blobs.get(digest);
  if (bytes === undefined) {
    fail(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    return;
  }
  const range = /^bytes=(\d+)-/.exec(request.headers.range ?? '');
  const from = range === null ? 0 : Number(range[1]);
  const headers = {
    'content-length': bytes.byteLength - from,
    ...(range === null ? {} : { 'content-range': `bytes ${from}-${bytes.byteLength - 1}/${bytes.byteLength}` }),
  };
  end(response, range === null ? 200 : 206, headers, request.method === 'HEAD' ? '' : bytes.subarray(from));
}

/** Answers like a registry: the error document of the distribution specification. */
export function fail(
  response: http.ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: http.OutgoingHttpHeaders = {},
): void {
  end(
    response,
    status,
    { 'content-type': 'application/json', ...headers },
    JSON.stringify({ errors: [{ code, message }] }),
  );
}

function end(
  response: http.ServerResponse,
  status: number,
  headers: http.OutgoingHttpHeaders,
  body: string | Buffer,
): void {
  response.writeHead(status, headers);
  response.end(body);
}

function sha256(bytes: Buffer): `sha256:${string}` {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
