import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';

/** An answer with all of its body. */
export interface Answer {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: Buffer;
  json(): unknown;
  /** Codes of the error body. */
  codes(): string[];
}

export interface CallOptions {
  headers?: http.OutgoingHttpHeaders;
  body?: Buffer | string;
  /** The body comes in chunks of HTTP, its length is not said. */
  chunked?: boolean;
  agent?: http.Agent;
}

/** One request, as given: nothing is followed, added or decoded. `at` is a URL, `path` absolute or relative to it. */
export function call(at: string, method: string, path: string, options: CallOptions = {}): Promise<Answer> {
  const url = new URL(path, at);
  const { body, agent, chunked = false } = options;
  const length = body === undefined || chunked ? {} : { 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const request = http.request(
      // The path as it is written, not as URL would tidy it up.
      {
        ...{
          host: url.hostname,
          port: url.port,
          method,
          path: path.startsWith('/') ? path : url.pathname + url.search,
        },
        headers: { ...length, ...options.headers },
        ...(agent ? { agent } : {}),
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => resolve(answerOf(response, Buffer.concat(chunks))));
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

function answerOf({ statusCode = 0, headers }: http.IncomingMessage, body: Buffer): Answer {
  const json = (): unknown => JSON.parse(body.toString());
  const codes = () => {
    const value = json();
    const list = typeof value === 'object' && value !== null && 'errors' in value ? value.errors : undefined;
    return Array.isArray(list) ? list.map((error: { code: string }) => error.code) : [];
  };
  return { status: statusCode, headers, body, json, codes };
}

export type Algorithm = 'sha256' | 'sha512';

export function digestOf(bytes: Buffer | string, algorithm: Algorithm = 'sha256'): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
}

/** Bytes that nobody has pushed before. */
export function newBlob(size = 512): Buffer {
  return randomBytes(size);
}

/** Pushes a blob with one POST; gives its digest. */
export async function pushBlob(at: string, name: string, bytes: Buffer, algorithm: Algorithm = 'sha256') {
  const digest = digestOf(bytes, algorithm);
  const answer = await call(at, 'POST', `/v2/${name}/blobs/uploads/?digest=${digest}`, { body: bytes });
  if (answer.status !== 201) throw new Error(`blob was not taken: ${answer.status} ${answer.body}`);
  return digest;
}

export const TYPES = {
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  index: 'application/vnd.oci.image.index.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
  empty: 'application/vnd.oci.empty.v1+json',
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerIndex: 'application/vnd.docker.distribution.manifest.list.v2+json',
  dockerConfig: 'application/vnd.docker.container.image.v1+json',
  dockerLayer: 'application/vnd.docker.image.rootfs.diff.tar.gzip',
} as const;

export interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
}

export interface MadeManifest {
  bytes: Buffer;
  digest: string;
  mediaType: string;
  descriptor: Descriptor;
}

/** A document as it is pushed; spaces are kept, so that bytes matter. */
export function manifestOf(document: object, mediaType: string = TYPES.manifest, algorithm: Algorithm = 'sha256') {
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, ...document }, null, 3));
  const digest = digestOf(bytes, algorithm);
  return { bytes, digest, mediaType, descriptor: { mediaType, digest, size: bytes.length } };
}

/** Pushes configuration and layers of a new image and makes its manifest, which is yet to be pushed. */
export async function newImage(at: string, name: string, more: object = {}, algorithm: Algorithm = 'sha256') {
  const [config, layer] = [newBlob(200), newBlob(1000)];
  const manifest = manifestOf(
    {
      config: { mediaType: TYPES.config, digest: await pushBlob(at, name, config, algorithm), size: config.length },
      layers: [{ mediaType: TYPES.layer, digest: await pushBlob(at, name, layer, algorithm), size: layer.length }],
      ...more,
    },
    TYPES.manifest,
    algorithm,
  );
  return { ...manifest, config, layer };
}

/** An index over these. */
export function indexOf(manifests: readonly MadeManifest[], more: object = {}): MadeManifest {
  return manifestOf({ manifests: manifests.map(({ descriptor }) => descriptor), ...more }, TYPES.index);
}

/** Pushes a manifest by tag or digest. */
export function putManifest(at: string, name: string, reference: string, manifest: MadeManifest): Promise<Answer> {
  return call(at, 'PUT', `/v2/${name}/manifests/${reference}`, {
    body: manifest.bytes,
    headers: { 'content-type': manifest.mediaType },
  });
}

/** Begins an upload; gives its URL. */
export async function startUpload(at: string, name: string): Promise<string> {
  const answer = await call(at, 'POST', `/v2/${name}/blobs/uploads/`, { body: '' });
  if (answer.status !== 202) throw new Error(`no upload: ${answer.status} ${answer.body}`);
  return answer.headers.location ?? '';
}
